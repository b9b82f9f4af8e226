package io.milepost.testbed.hbone;

import java.util.Arrays;

/** Bytes that came out of a tunnel and were not taken yet. Not thread-safe: it belongs to the thread that reads the tunnel. */
public final class Received {
    private byte[] data = new byte[1024];
    private int start;
    private int end;

    Received() {}

    void add(byte[] bytes) {
        if (end + bytes.length > data.length) {
            int size = size();
            byte[] to =
                    size + bytes.length > data.length ? new byte[Math.max(data.length * 2, size + bytes.length)] : data;
            System.arraycopy(data, start, to, 0, size);
            data = to;
            start = 0;
            end = size;
        }
        System.arraycopy(bytes, 0, data, end, bytes.length);
        end += bytes.length;
    }

    public int size() {
        return end - start;
    }

    public boolean isEmpty() {
        return start == end;
    }

    /** Where the needle begins, counted from the first byte not taken; -1 if it isn't there. */
    public int indexOf(String needle) {
        outer:
        for (int i = start; i <= end - needle.length(); i++) {
            for (int k = 0; k < needle.length(); k++) {
                if (data[i + k] != (byte) needle.charAt(k)) {
                    continue outer;
                }
            }
            return i - start;
        }
        return -1;
    }

    /** Takes up to n bytes. */
    public byte[] take(int n) {
        int to = Math.min(end, start + n);
        byte[] out = Arrays.copyOfRange(data, start, to);
        start = to;
        return out;
    }

    public byte[] takeAll() {
        return take(size());
    }

    /** A copy of the first n bytes, which stay. */
    public byte[] peek(int n) {
        return Arrays.copyOfRange(data, start, Math.min(end, start + n));
    }
}
