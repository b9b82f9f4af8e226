package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.JoinedHeaders;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.HeaderMutations;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compiled {@link HeaderMutations}. As Envoy: first all removals; then all values are computed from what is left; then
 * all replacements; then all additions. A value that comes out empty changes nothing.
 */
public final class HeaderRewriter {
    /** Changes nothing. */
    public static final HeaderRewriter NONE = new HeaderRewriter(HeaderMutations.NONE);

    private enum Field {
        HEADER,
        AUTHORITY,
        METHOD_OR_PATH
    }

    private record Op(HeaderName name, Field field, Format format, HeaderMutations.Action action) {
        static Op of(HeaderMutations.Op op) {
            Field field = switch (op.name()) {
                case ":authority", "host" -> Field.AUTHORITY;
                default -> op.name().startsWith(":") ? Field.METHOD_OR_PATH : Field.HEADER;
            };
            return new Op(HeaderName.of(op.name()), field, Format.compile(op.format()), op.action());
        }

        boolean adds() {
            return action == HeaderMutations.Action.ADD || action == HeaderMutations.Action.ADD_IF_ABSENT;
        }
    }

    private final HeaderName[] remove;
    private final Op[] ops;
    private final @Nullable HeaderRewriter next;

    private HeaderRewriter(HeaderName[] remove, Op[] ops, HeaderRewriter next) {
        this.remove = remove;
        this.ops = ops;
        this.next = next;
    }

    private HeaderRewriter(HeaderMutations m) {
        next = null;
        // Host cannot be removed (recorded: ignored), pseudo-headers neither.
        remove = m.remove().stream()
                .filter(n -> !n.equals("host") && !n.startsWith(":"))
                .map(HeaderName::of)
                .toArray(HeaderName[]::new);
        ops = m.ops().stream()
                .map(Op::of)
                .filter(o -> o.field != Field.METHOD_OR_PATH)
                .toArray(Op[]::new);
    }

    public static HeaderRewriter compile(HeaderMutations mutations) {
        return mutations.isEmpty() ? NONE : new HeaderRewriter(mutations);
    }

    /** One block of both, as if written in one object: the removals of either precede the operations of both. */
    static HeaderMutations join(HeaderMutations first, HeaderMutations second) {
        if (second.isEmpty()) {
            return first;
        }
        if (first.isEmpty()) {
            return second;
        }
        List<String> remove = new ArrayList<>(first.remove());
        remove.addAll(second.remove());
        List<HeaderMutations.Op> ops = new ArrayList<>(first.ops());
        ops.addAll(second.ops());
        return new HeaderMutations(remove, ops);
    }

    /** One after the other, each seeing what the one before left. */
    static HeaderRewriter sequence(HeaderRewriter first, HeaderRewriter second) {
        return first.isEmpty()
                ? second
                : second.isEmpty() ? first : new HeaderRewriter(first.remove, first.ops, second);
    }

    /** Whether there is nothing to do. */
    public boolean isEmpty() {
        return remove.length == 0 && ops.length == 0 && next == null;
    }

    /** Changes a request; an operation on {@code host} or {@code :authority} changes its authority. */
    public void apply(RequestHead request, FormatContext context) {
        apply(request.headers(), request, null, context, true);
    }

    /** Changes a response. {@code request} is the request as it was forwarded; null when there is none. */
    public void apply(ResponseHead response, @Nullable RequestHead request, FormatContext context) {
        apply(response.headers(), request, response, context, false);
    }

    private void apply(
            Headers headers,
            @Nullable RequestHead request,
            @Nullable ResponseHead response,
            FormatContext context,
            boolean ofRequest) {
        here(headers, request, response, context, ofRequest);
        if (next != null) {
            next.apply(headers, request, response, context, ofRequest);
        }
    }

    private void here(
            Headers headers,
            @Nullable RequestHead request,
            @Nullable ResponseHead response,
            FormatContext context,
            boolean ofRequest) {
        for (HeaderName n : remove) {
            headers.remove(n);
        }
        if (ops.length == 0) {
            return;
        }
        AsciiString[] values = new AsciiString[ops.length];
        for (int i = 0; i < ops.length; i++) {
            AsciiString v = ops[i].format.value(request, response, context);
            boolean exists = headers.contains(ops[i].name);
            boolean skip = switch (ops[i].action) {
                case ADD, SET -> false;
                case ADD_IF_ABSENT -> exists;
                case SET_IF_PRESENT -> !exists;
            };
            values[i] = skip ? AsciiString.EMPTY_STRING : v;
        }
        for (int i = 0; i < ops.length; i++) {
            if (!ops[i].adds() && !values[i].isEmpty()) {
                set(headers, ops[i], values[i], ofRequest ? request : null);
            }
        }
        for (int i = 0; i < ops.length; i++) {
            if (ops[i].adds() && !values[i].isEmpty()) {
                add(headers, ops[i], values[i], ofRequest ? request : null);
            }
        }
    }

    private static void set(Headers headers, Op op, AsciiString value, @Nullable RequestHead request) {
        if (op.field == Field.AUTHORITY && request != null) {
            request.authority(value);
        } else {
            headers.set(op.name, value);
        }
    }

    private static void add(Headers headers, Op op, AsciiString value, @Nullable RequestHead request) {
        if (op.field == Field.AUTHORITY && request != null) {
            request.authority(value);
            return;
        }
        boolean joined = request == null ? JoinedHeaders.inResponse(op.name) : JoinedHeaders.inRequest(op.name);
        int i = joined ? headers.indexOf(op.name, 0) : -1;
        if (i < 0) {
            headers.add(op.name, value);
        } else {
            headers.setValue(i, JoinedHeaders.append(headers.value(i), value));
        }
    }
}
