package io.milepost.config.kube;

import io.milepost.mesh.MeshSnapshot;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Translates objects into a snapshot. Pure: equal objects give equal snapshots, whatever order the files had.
 *
 * <p>{@link LiveTranslation} does the same for objects that change, and does only what a change needs.
 */
public final class SnapshotBuilder {
    private final PolicyTranslator policies;
    private final GatewayApiMode mode;
    private final String selfAddress;

    public SnapshotBuilder(PolicyTranslator policies) {
        this(policies, GatewayApiMode.ISTIO);
    }

    public SnapshotBuilder(PolicyTranslator policies, GatewayApiMode mode) {
        this(policies, mode, "");
    }

    /** @param selfAddress of the waypoint's own pod, which tells its locality; empty takes any pod of the waypoint */
    public SnapshotBuilder(PolicyTranslator policies, GatewayApiMode mode, String selfAddress) {
        this.policies = policies;
        this.mode = mode;
        this.selfAddress = selfAddress;
    }

    /** @param findings errors mean that the snapshot must not be used */
    public record Result(MeshSnapshot snapshot, List<Finding> findings) {
        public Result {
            findings = List.copyOf(findings);
        }

        /** Together with what was found while reading. */
        public Result with(List<Finding> earlier) {
            List<Finding> all = new ArrayList<>(earlier);
            all.addAll(findings);
            return new Result(snapshot, all);
        }

        public List<Finding> errors() {
            return findings.stream()
                    .filter(f -> f.severity() == Finding.Severity.ERROR)
                    .toList();
        }
    }

    /** @param waypoint empty for a ztunnel, which needs services, workloads and L4 policies only */
    public Result build(KubeObjects objects, Optional<GatewayRef> waypoint) {
        return build(objects, waypoint, new Report());
    }

    Result build(KubeObjects objects, Optional<GatewayRef> waypoint, Report report) {
        return translate(objects, waypoint, report, new IdentityHashMap<>()).result();
    }

    /**
     * A translation with all that can be said about its input.
     *
     * @param statuses conditions as a controller would write them
     */
    public record Analyzed(Result result, List<ObjectStatus> statuses) {
        public Analyzed {
            statuses = List.copyOf(statuses);
        }
    }

    /** Costs more than {@link #build}; the snapshot is the same. */
    public Analyzed analyze(KubeObjects objects, GatewayRef waypoint) {
        Translation t = translate(objects, Optional.of(waypoint), new Report(), new IdentityHashMap<>());
        List<ObjectStatus> statuses = new ArrayList<>();
        t.served().ifPresent(w -> {
            statuses.addAll(w.routeChecks().statuses());
            statuses.addAll(w.backendPolicies().statuses());
        });
        AttachmentChecks checks = new AttachmentChecks(objects, t.registry(), t.mesh());
        checks.run();
        statuses.addAll(checks.statuses());
        return new Analyzed(t.result().with(checks.findings()), statuses);
    }

    /** Whether a Gateway is a waypoint, and not an ingress. */
    public static boolean isWaypoint(KubeObject gateway) {
        return Waypoints.isWaypoint(gateway);
    }

    /** @param known routes that were read before; brought up to date */
    Translation translate(
            KubeObjects objects, Optional<GatewayRef> waypoint, Report report, Map<KubeObject, GatewayRoute> known) {
        return new Translation(policies, mode, selfAddress, objects, waypoint, report, known);
    }
}
