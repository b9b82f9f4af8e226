package io.milepost.ztunnel.plan;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.Workload;
import io.milepost.policy.CompiledL4Policies;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A snapshot, indexed by what connections ask for. Immutable; made once per snapshot. */
public final class MeshView {
    public static final MeshView EMPTY = of(MeshSnapshot.EMPTY);

    /** @param ports service port to target port, as far as the endpoint itself says */
    public record Endpoint(Workload workload, Map<Integer, Integer> ports) {}

    private final MeshSnapshot snapshot;
    private final CompiledL4Policies policies;
    private final Map<IpAddress, List<MeshService>> byAddress = new HashMap<>();
    private final List<MeshService> byRange = new ArrayList<>();
    private final Map<String, List<MeshService>> byHost = new HashMap<>();
    private final Map<String, List<Endpoint>> endpoints = new HashMap<>();

    private MeshView(MeshSnapshot snapshot) {
        this.snapshot = snapshot;
        policies = CompiledL4Policies.compile(snapshot.l4Policies());
        for (MeshService s : new TreeMap<>(snapshot.services()).values()) {
            byHost.computeIfAbsent(s.hostname(), h -> new ArrayList<>(1)).add(s);
            boolean range = false;
            for (Cidr c : s.addresses()) {
                if (c.isSingle()) {
                    byAddress
                            .computeIfAbsent(c.address(), a -> new ArrayList<>(1))
                            .add(s);
                } else {
                    range = true;
                }
            }
            if (range) {
                byRange.add(s);
            }
        }
        snapshot.workloads().all().stream()
                .sorted(Comparator.comparing(Workload::uid))
                .forEach(w -> w.services()
                        .forEach((key, ports) -> endpoints
                                .computeIfAbsent(key, k -> new ArrayList<>())
                                .add(new Endpoint(w, ports))));
    }

    public static MeshView of(MeshSnapshot snapshot) {
        return new MeshView(snapshot);
    }

    public MeshSnapshot snapshot() {
        return snapshot;
    }

    public CompiledL4Policies policies() {
        return policies;
    }

    public @Nullable Workload workloadAt(IpAddress address) {
        return snapshot.workloads().byAddress(address).orElse(null);
    }

    public @Nullable Workload workload(String uid) {
        return snapshot.workloads().byUid(uid).orElse(null);
    }

    /** By {@code namespace/hostname}. */
    public @Nullable MeshService service(String key) {
        return snapshot.services().get(key);
    }

    /** Who has this address: the own namespace first; ranges only when nobody has exactly this address. */
    public @Nullable MeshService serviceAt(IpAddress address, String namespace) {
        List<MeshService> exact = byAddress.get(address);
        if (exact != null) {
            return preferred(exact, namespace);
        }
        MeshService best = null;
        int bestRank = -1;
        for (MeshService s : byRange) {
            for (Cidr c : s.addresses()) {
                int rank = c.contains(address) ? c.prefix() + (s.namespace().equals(namespace) ? 1_000 : 0) : -1;
                if (rank > bestRank) {
                    best = s;
                    bestRank = rank;
                }
            }
        }
        return best;
    }

    public @Nullable MeshService serviceByHost(String hostname, String namespace) {
        List<MeshService> found = byHost.get(hostname);
        return found == null ? null : preferred(found, namespace);
    }

    private static MeshService preferred(List<MeshService> services, String namespace) {
        for (MeshService s : services) {
            if (s.namespace().equals(namespace)) {
                return s;
            }
        }
        return services.getFirst();
    }

    /** Ordered by uid. */
    public List<Endpoint> endpoints(MeshService service) {
        return endpoints.getOrDefault(service.key(), List.of());
    }

    /** All policies as they decide over a connection to {@code own}; the workload's record is looked up anew. */
    public CompiledL4Policies.L4Decision decide(L4Connection connection, Workload own) {
        Workload current = workload(own.uid());
        Workload w = current == null ? own : current;
        return policies.decide(connection, w.namespace(), w.policies());
    }
}
