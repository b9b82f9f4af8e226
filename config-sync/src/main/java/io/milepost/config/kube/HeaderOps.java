package io.milepost.config.kube;

import io.milepost.mesh.HeaderMutations;
import io.milepost.mesh.HeaderMutations.Action;
import io.milepost.mesh.HeaderMutations.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Header changes of both APIs.
 *
 * @param host what a change of {@code Host} comes down to: a rewritten authority
 */
record HeaderOps(HeaderMutations mutations, Optional<String> host) {
    static final HeaderOps NONE = new HeaderOps(HeaderMutations.NONE, Optional.empty());

    /** requestHeaderModifier and responseHeaderModifier of the Gateway API. */
    static HeaderOps ofGateway(Fields f, boolean request) {
        return of(pairs(f, "set"), pairs(f, "add"), f.texts("remove"), request);
    }

    /** headers.request and headers.response of a VirtualService. Names in several spellings are all applied, as istiod sorts them. */
    static HeaderOps ofVirtualService(Fields f, boolean request) {
        return of(f.map("set"), f.map("add"), f.texts("remove"), request);
    }

    /** Of equal names the first wins. */
    private static Map<String, String> pairs(Fields f, String list) {
        Map<String, String> out = new TreeMap<>();
        for (Fields e : f.list(list)) {
            out.putIfAbsent(e.required("name").toLowerCase(Locale.ROOT), e.text("value", ""));
        }
        return out;
    }

    /** An empty value does nothing (recorded from Envoy). */
    private static HeaderOps of(
            Map<String, String> set, Map<String, String> add, List<String> remove, boolean request) {
        List<Op> ops = new ArrayList<>();
        Optional<String> added = apply(add, Action.ADD, ops);
        List<Op> first = new ArrayList<>();
        Optional<String> host = apply(set, Action.SET, first).or(() -> added);
        first.addAll(ops);
        List<String> gone = new ArrayList<>();
        for (String r : remove) {
            String name = r.toLowerCase(Locale.ROOT);
            if (!isHost(name) && !name.startsWith(":")) {
                gone.add(name);
            }
        }
        return new HeaderOps(new HeaderMutations(gone, first), request ? host : Optional.empty());
    }

    /** Collects what changes headers; gives what is written for Host, which answers cannot change (istiod drops it there). */
    private static Optional<String> apply(Map<String, String> headers, Action action, List<Op> into) {
        Optional<String> host = Optional.empty();
        for (Map.Entry<String, String> e : headers.entrySet()) {
            String name = e.getKey().toLowerCase(Locale.ROOT);
            if (e.getValue().isEmpty()) {
                continue;
            }
            if (isHost(name)) {
                host = Optional.of(e.getValue());
            } else if (!name.startsWith(":")) {
                into.add(new Op(name, e.getValue(), action));
            }
        }
        return host;
    }

    private static boolean isHost(String name) {
        return name.equals("host") || name.equals(":authority");
    }

    /** All removals first, as Envoy gets them from istiod for a single destination. */
    @SuppressWarnings("ReferenceEquality") // the common case
    HeaderOps then(HeaderOps later) {
        if (later == NONE || this == NONE) {
            return later == NONE ? this : later;
        }
        List<String> remove = new ArrayList<>(mutations.remove());
        remove.addAll(later.mutations.remove());
        List<Op> ops = new ArrayList<>(mutations.ops());
        ops.addAll(later.mutations.ops());
        return new HeaderOps(new HeaderMutations(remove, ops), host.or(later::host));
    }
}
