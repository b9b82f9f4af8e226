package io.milepost.config.kube;

import java.util.Optional;

/**
 * One entry of a VirtualService's {@code http}: an own one, or one of a delegate together with the entry that delegates
 * to it. Settings that the delegate leaves open come from the root.
 *
 * @param root empty for an entry that nobody delegated to
 */
record HttpEntry(Fields own, Optional<Fields> root) {
    static HttpEntry of(Fields own) {
        return new HttpEntry(own, Optional.empty());
    }

    /** Where a field is written: here, else in the root; an object without that field when it is nowhere. */
    Fields holding(String field) {
        return own.has(field) ? own : root.filter(r -> r.has(field)).orElse(own);
    }

    boolean has(String field) {
        return holding(field).has(field);
    }

    Fields at(String field) {
        return holding(field).at(field);
    }

    Optional<Fields> maybe(String field) {
        return holding(field).maybe(field);
    }

    /** Both names, the root's first. */
    String name() {
        return joined(root.map(r -> r.text("name", "")).orElse(""), own.text("name", ""));
    }

    static String joined(String root, String own) {
        return root.isEmpty() || own.isEmpty() ? root + own : root + "-" + own;
    }
}
