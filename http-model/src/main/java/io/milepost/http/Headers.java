package io.milepost.http;

import io.netty.util.AsciiString;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Header lines in order, duplicates kept. Mutable, confined to the event loop of its exchange; pseudo-headers are not in
 * here.
 *
 * <p>Lookups are linear: a message has about ten headers, and comparing references of interned names in an array beats
 * any map at that size.
 */
public final class Headers {
    private @Nullable HeaderName[] names;
    private @Nullable AsciiString[] values;
    private int size;

    public Headers() {
        this(16);
    }

    public Headers(int capacity) {
        names = new HeaderName[capacity];
        values = new AsciiString[capacity];
    }

    public int size() {
        return size;
    }

    public HeaderName name(int i) {
        return names[i];
    }

    public AsciiString value(int i) {
        return values[i];
    }

    public void setValue(int i, AsciiString value) {
        values[i] = value;
    }

    public Headers add(HeaderName name, AsciiString value) {
        if (size == names.length) {
            int n = size == 0 ? 8 : size * 2;
            names = Arrays.copyOf(names, n);
            values = Arrays.copyOf(values, n);
        }
        names[size] = name;
        values[size++] = value;
        return this;
    }

    public Headers add(HeaderName name, String value) {
        return add(name, new AsciiString(value));
    }

    public Headers add(String name, String value) {
        return add(HeaderName.of(name), new AsciiString(value));
    }

    /** Index of the first line with this name at or after {@code from}; -1 when there is none. */
    public int indexOf(HeaderName name, int from) {
        for (int i = from; i < size; i++) {
            if (names[i].equals(name)) {
                return i;
            }
        }
        return -1;
    }

    /** The first value, or null. */
    public @Nullable AsciiString get(HeaderName name) {
        int i = indexOf(name, 0);
        return i < 0 ? null : values[i];
    }

    public boolean contains(HeaderName name) {
        return indexOf(name, 0) >= 0;
    }

    /** Number of lines with this name. */
    public int count(HeaderName name) {
        int n = 0;
        for (int i = indexOf(name, 0); i >= 0; i = indexOf(name, i + 1)) {
            n++;
        }
        return n;
    }

    /** Replaces the first line and drops further ones, or adds. */
    public Headers set(HeaderName name, AsciiString value) {
        int i = indexOf(name, 0);
        if (i < 0) {
            return add(name, value);
        }
        values[i] = value;
        removeFrom(name, i + 1);
        return this;
    }

    public Headers set(HeaderName name, String value) {
        return set(name, new AsciiString(value));
    }

    public boolean remove(HeaderName name) {
        return removeFrom(name, 0);
    }

    private boolean removeFrom(HeaderName name, int from) {
        int to = indexOf(name, from);
        if (to < 0) {
            return false;
        }
        for (int i = to + 1; i < size; i++) {
            if (!names[i].equals(name)) {
                names[to] = names[i];
                values[to++] = values[i];
            }
        }
        Arrays.fill(names, to, size, null);
        Arrays.fill(values, to, size, null);
        size = to;
        return true;
    }

    public void removeAt(int i) {
        int moved = size - i - 1;
        System.arraycopy(names, i + 1, names, i, moved);
        System.arraycopy(values, i + 1, values, i, moved);
        size--;
        names[size] = null;
        values[size] = null;
    }

    public void clear() {
        Arrays.fill(names, 0, size, null);
        Arrays.fill(values, 0, size, null);
        size = 0;
    }

    public Headers copy() {
        Headers h = new Headers(Math.max(8, size));
        System.arraycopy(names, 0, h.names, 0, size);
        System.arraycopy(values, 0, h.values, 0, size);
        h.size = size;
        return h;
    }

    /** Bytes of the lines as HTTP/1.1 writes them. */
    public int wireSize() {
        int n = 0;
        for (int i = 0; i < size; i++) {
            n += names[i].text().length() + values[i].length() + 4;
        }
        return n;
    }

    @Override
    public String toString() {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < size; i++) {
            s.append(names[i]).append(": ").append(values[i]).append('\n');
        }
        return s.toString();
    }
}
