package io.milepost.mesh;

import java.util.List;

/**
 * Changes to a header block, in Envoy's order: all removals, then the operations one by one.
 *
 * @param remove lower-case names
 */
public record HeaderMutations(List<String> remove, List<Op> ops) {
    public enum Action {
        /** Replaces all values, or adds. */
        SET,
        /** A further value. */
        ADD,
        /** Only when the header is absent. */
        ADD_IF_ABSENT,
        /** Only when the header exists. */
        SET_IF_PRESENT
    }

    /**
     * @param name lower case; {@code :authority} and {@code host} change the authority
     * @param format text with Envoy's command operators ({@code %REQ(x)%}, {@code %%} ...)
     */
    public record Op(String name, String format, Action action) {}

    public static final HeaderMutations NONE = new HeaderMutations(List.of(), List.of());

    public HeaderMutations {
        remove = List.copyOf(remove);
        ops = List.copyOf(ops);
    }

    public boolean isEmpty() {
        return remove.isEmpty() && ops.isEmpty();
    }
}
