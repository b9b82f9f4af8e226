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

    /** headers.request and headers.response of a VirtualService. */
    static HeaderOps ofVirtualService(Fields f, boolean request) {
        return of(lower(f.map("set")), lower(f.map("add")), f.texts("remove"), request);
    }

    private static Map<String, String> lower(Map<String, String> in) {
        Map<String, String> out = new TreeMap<>();
        in.forEach((k, v) -> out.putIfAbsent(k.toLowerCase(Locale.ROOT), v));
        return out;
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
        Optional<String> host = Optional.empty();
        List<Op> ops = new ArrayList<>();
        for (Map.Entry<String, String> e : set.entrySet()) {
            if (request && isHost(e.getKey())) {
                host = Optional.of(e.getValue());
            } else if (!e.getKey().startsWith(":") && !e.getValue().isEmpty()) {
                ops.add(new Op(e.getKey(), e.getValue(), Action.SET));
            }
        }
        for (Map.Entry<String, String> e : add.entrySet()) {
            if (request && isHost(e.getKey())) {
                host = host.or(() -> Optional.of(e.getValue()));
            } else if (!e.getKey().startsWith(":") && !e.getValue().isEmpty()) {
                ops.add(new Op(e.getKey(), e.getValue(), Action.ADD));
            }
        }
        List<String> gone = new ArrayList<>();
        for (String r : remove) {
            String name = r.toLowerCase(Locale.ROOT);
            if (!isHost(name) && !name.startsWith(":")) {
                gone.add(name);
            }
        }
        return new HeaderOps(new HeaderMutations(gone, ops), host);
    }

    private static boolean isHost(String name) {
        return name.equals("host") || name.equals(":authority");
    }

    /** All removals first, as Envoy gets them from istiod for a single destination. */
    HeaderOps then(HeaderOps later) {
        List<String> remove = new ArrayList<>(mutations.remove());
        remove.addAll(later.mutations.remove());
        List<Op> ops = new ArrayList<>(mutations.ops());
        ops.addAll(later.mutations.ops());
        return new HeaderOps(new HeaderMutations(remove, ops), host.or(later::host));
    }
}
