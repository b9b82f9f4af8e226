package io.milepost.bench.run;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.ProcStat;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Workload;
import java.util.List;

/** From exec to the first answer, and what a proxy that has just started holds in memory. */
final class StartScenario implements Scenario.Action {
    private static final double MIB = 1048576.0;
    private static final double SETTLE = 2;

    private final int services;

    StartScenario(int services) {
        this.services = services;
    }

    static String group(int services) {
        return services == 0 ? "start" : services + " services";
    }

    @Override
    public void run(Bench bench) {
        String group = group(services);
        for (int round = 0; round < bench.plan().startRounds(); round++) {
            for (Side side : List.of(Side.MILEPOST, Side.ENVOY)) {
                if (!bench.deployments().has(side)) {
                    continue;
                }
                Workload workload = Workload.ofServices(services);
                try (Proxy proxy = bench.deployments().start(side, workload).awaitListening();
                        Load load = bench.lab().load(proxy, Shapes.PLAIN, 1, 1, 0)) {
                    load.beginWindow();
                    load.sendOnce();
                    double deadline = System.nanoTime() + 30e9;
                    while (load.answered() == 0 && System.nanoTime() < deadline) {
                        Bench.pause(0.0005);
                    }
                    double seconds = (System.nanoTime() - proxy.started()) / 1e9;
                    bench.rounds().add(new Metric(group, "first answer", "s"), side, seconds);
                    Bench.pause(SETTLE);
                    bench.rounds().add(new Metric(group, "RSS", "MB"), side, ProcStat.rss(proxy.pid()) / MIB);
                    bench.rounds().add(new Metric(group, "peak RSS", "MB"), side, ProcStat.peakRss(proxy.pid()) / MIB);
                }
            }
        }
    }
}
