package io.milepost.mesh;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Who is who: workloads by uid and by address. Immutable. */
public final class WorkloadIndex {
    public static final WorkloadIndex EMPTY = new WorkloadIndex(java.util.List.of());

    private final Map<String, Workload> byUid = new HashMap<>();
    private final Map<IpAddress, Workload> byAddress = new HashMap<>();

    public WorkloadIndex(Collection<Workload> workloads) {
        for (Workload w : workloads) {
            byUid.put(w.uid(), w);
            for (IpAddress ip : w.addresses()) {
                byAddress.merge(ip, w, WorkloadIndex::preferred);
            }
        }
    }

    /** Of two workloads on one address ztunnel prefers pods, then HBONE. */
    private static Workload preferred(Workload a, Workload b) {
        boolean pa = a.uid().contains("/Pod/");
        boolean pb = b.uid().contains("/Pod/");
        if (pa != pb) {
            return pa ? a : b;
        }
        return a.hbone() || !b.hbone() ? a : b;
    }

    public Optional<Workload> byUid(String uid) {
        return Optional.ofNullable(byUid.get(uid));
    }

    public Optional<Workload> byAddress(IpAddress address) {
        return Optional.ofNullable(byAddress.get(address));
    }

    public Collection<Workload> all() {
        return java.util.Collections.unmodifiableCollection(byUid.values());
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof WorkloadIndex w && w.byUid.equals(byUid);
    }

    @Override
    public int hashCode() {
        return byUid.hashCode();
    }
}
