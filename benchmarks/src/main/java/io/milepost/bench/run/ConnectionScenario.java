package io.milepost.bench.run;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.ProcStat;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Workload;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** New connections (TLS, CONNECT, one request) and what idle tunnels cost. */
final class ConnectionScenario {
    static final String NEW = "new connections";
    static final String IDLE = "idle tunnels";
    private static final int AT_A_TIME = 4;
    private static final int IDLE_TUNNELS = 10_000;
    private static final int PER_CONNECTION = 100;

    private ConnectionScenario() {}

    static void fresh(Bench bench) {
        Map<Side, Load> loads = new EnumMap<>(Side.class);
        try {
            for (Side side : List.of(Side.MILEPOST, Side.ENVOY)) {
                if (bench.deployments().has(side)) {
                    Proxy proxy = bench.deployments().get(side, Workload.PLAIN);
                    loads.put(side, bench.lab().load(proxy, Shapes.PLAIN, AT_A_TIME, 1, 1));
                }
            }
            for (int round = -1; round < bench.plan().rounds(); round++) {
                boolean counts = round >= 0;
                loads.forEach((side, load) -> {
                    Proxy proxy = bench.deployments().get(side, Workload.PLAIN);
                    Bench.Window w = bench.saturate(
                            proxy,
                            load,
                            counts ? bench.plan().window() : bench.plan().warmup() * (side == Side.ENVOY ? 0.1 : 0.8));
                    if (counts) {
                        bench.rounds().add(new Metric(NEW, "CPU per connection", "us"), side, w.cpuMicros());
                        bench.rounds()
                                .add(
                                        new Metric(NEW, "per second", "1/s"),
                                        side,
                                        w.outcome().perSecond());
                    }
                });
            }
        } finally {
            loads.values().forEach(Load::close);
        }
    }

    /** In processes of their own: memory that a process took before would hide what the tunnels take. */
    static void idle(Bench bench) {
        for (Side side : List.of(Side.MILEPOST, Side.ENVOY)) {
            if (!bench.deployments().has(side)) {
                continue;
            }
            try (Proxy proxy = bench.deployments().start(side, Workload.PLAIN).awaitListening()) {
                try (Load few = bench.lab().load(proxy, Shapes.PLAIN)) {
                    bench.saturate(proxy, few, bench.plan().warmup() / 2);
                }
                Bench.pause(1);
                double before = ProcStat.rss(proxy.pid());
                try (Load many = bench.lab().load(proxy, Shapes.PLAIN, IDLE_TUNNELS, PER_CONNECTION, 0)) {
                    many.sendOnce();
                    Bench.pause(4);
                    bench.rounds()
                            .add(
                                    new Metric(IDLE, "RSS per tunnel", "KiB"),
                                    side,
                                    (ProcStat.rss(proxy.pid()) - before) / 1024 / IDLE_TUNNELS);
                }
            }
        }
    }
}
