package io.milepost.mesh;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who is who: workloads by uid and by address. Immutable. */
public final class WorkloadIndex {
    public static final WorkloadIndex EMPTY = new WorkloadIndex(java.util.List.of());

    private final Map<String, Workload> byUid = new HashMap<>();
    private final Map<IpAddress, Workload> byAddress = new HashMap<>();
    /** Whether an address was found with two workloads. */
    private boolean shared;

    public WorkloadIndex(Collection<Workload> workloads) {
        for (Workload w : workloads) {
            byUid.put(w.uid(), w);
            for (IpAddress ip : w.addresses()) {
                join(ip, w);
            }
        }
    }

    private void join(IpAddress ip, Workload w) {
        Workload other = byAddress.get(ip);
        shared |= other != null && !other.uid().equals(w.uid());
        byAddress.put(ip, other == null ? w : preferred(other, w));
    }

    private WorkloadIndex(WorkloadIndex before, Collection<Workload> changed, Set<String> gone) {
        byUid.putAll(before.byUid);
        byAddress.putAll(before.byAddress);
        Set<IpAddress> lost = new HashSet<>();
        gone.forEach(uid -> leave(byUid.remove(uid), lost));
        changed.forEach(w -> leave(byUid.put(w.uid(), w), lost));
        if (before.shared) {
            for (Workload w : byUid.values()) {
                for (IpAddress ip : w.addresses()) {
                    if (lost.contains(ip)) {
                        join(ip, w);
                    }
                }
            }
        }
        for (Workload w : changed) {
            w.addresses().forEach(ip -> join(ip, w));
        }
        shared |= before.shared;
    }

    private void leave(@Nullable Workload w, Set<IpAddress> lost) {
        if (w == null) {
            return;
        }
        for (IpAddress ip : w.addresses()) {
            Workload holder = byAddress.get(ip);
            if (holder != null && holder.uid().equals(w.uid())) {
                byAddress.remove(ip);
                lost.add(ip);
            }
        }
    }

    /**
     * The index after a change.
     *
     * @param changed workloads that are new or other than before
     * @param gone uids
     */
    public WorkloadIndex with(Collection<Workload> changed, Set<String> gone) {
        return new WorkloadIndex(this, changed, gone);
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
