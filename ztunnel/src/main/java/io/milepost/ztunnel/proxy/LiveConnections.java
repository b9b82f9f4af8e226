package io.milepost.ztunnel.proxy;

import io.milepost.mesh.Workload;
import io.milepost.policy.CompiledL4Policies.L4Decision;
import io.milepost.telemetry.ZtunnelMetrics.Flag;
import io.milepost.ztunnel.plan.L4Connection;
import io.milepost.ztunnel.plan.MeshView;
import io.netty.channel.EventLoop;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The live connections of a pod. When the configuration changes, each that came in is asked about again; what is no longer
 * allowed is cut. A connection is here before it is decided about, so that no change slips between.
 */
final class LiveConnections {
    /** One connection; all but {@link #loop} belongs to its event loop. */
    static final class Live {
        private final EventLoop loop;
        private final @Nullable L4Connection connection;
        private final Runnable cut;
        private final ConnectionReport report;

        /** @param connection what policies decide about; null for a connection on its way out */
        Live(EventLoop loop, @Nullable L4Connection connection, ConnectionReport report, Runnable cut) {
            this.loop = loop;
            this.connection = connection;
            this.report = report;
            this.cut = cut;
        }
    }

    private final Workload own;
    private final Set<Live> live = ConcurrentHashMap.newKeySet();
    private volatile @Nullable CompletableFuture<Void> quiet;

    LiveConnections(Workload own) {
        this.own = own;
    }

    void add(Live connection) {
        live.add(connection);
    }

    void remove(Live connection) {
        live.remove(connection);
        CompletableFuture<Void> waiting = quiet;
        if (waiting != null && live.isEmpty()) {
            waiting.complete(null);
        }
    }

    /** Completes as soon as there is no connection. */
    CompletableFuture<Void> quiet() {
        CompletableFuture<Void> waiting = new CompletableFuture<>();
        quiet = waiting;
        if (live.isEmpty()) {
            waiting.complete(null);
        }
        return waiting;
    }

    int size() {
        return live.size();
    }

    /** Asks the policies of {@code view} about every live connection. */
    void recheck(MeshView view) {
        for (Live l : live) {
            L4Connection connection = l.connection;
            if (connection == null) {
                continue;
            }
            l.loop.execute(() -> {
                L4Decision decision = view.decide(connection, own);
                if (!decision.allowed() && live.contains(l)) {
                    cut(l, Failures.POLICY_CHANGE, Flag.DENY);
                }
            });
        }
    }

    /** Cuts everything that is left. */
    void drain() {
        for (Live l : live) {
            l.loop.execute(() -> cut(l, Failures.DRAIN, Flag.NONE));
        }
    }

    private static void cut(Live l, String why, Flag flag) {
        l.report.closing(why, flag);
        l.cut.run();
    }
}
