package io.milepost.bench.run;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.ProcStat;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Workload;
import java.util.List;

/** What load leaves behind in memory: slow readers, many bytes, and requests. */
final class MemoryScenario {
    static final String SLOW = "slow reader (1 MB/s of 200 MB)";
    static final String SOAK = "10 GiB each way";
    private static final double MIB = 1048576.0;
    private static final double SAMPLE = 0.1;

    private MemoryScenario() {}

    static void slowReader(Bench bench) {
        double seconds = bench.plan().quick() ? 5 : 20;
        for (int round = 0; round < (bench.plan().quick() ? 1 : 3); round++) {
            for (Side side : List.of(Side.MILEPOST, Side.ENVOY)) {
                if (!bench.deployments().has(side)) {
                    continue;
                }
                Proxy proxy = bench.deployments().get(side, Workload.PLAIN);
                long before = ProcStat.rss(proxy.pid());
                long peak = before;
                try (Load load = bench.lab().load(proxy, Shapes.SLOW_200M, 1, 1, 0)) {
                    load.startClosed();
                    for (double t = 0; t < seconds; t += SAMPLE) {
                        Bench.pause(SAMPLE);
                        peak = Math.max(peak, ProcStat.rss(proxy.pid()));
                    }
                    load.stop();
                }
                bench.rounds().add(new Metric(SLOW, "extra RSS", "MB"), side, (peak - before) / MIB);
            }
        }
    }

    /** RSS before and after bytes that are many times what a proxy may hold. */
    static void soak(Bench bench) {
        for (Side side : List.of(Side.MILEPOST, Side.ENVOY)) {
            if (!bench.deployments().has(side)) {
                continue;
            }
            Proxy proxy = bench.deployments().get(side, Workload.PLAIN);
            transfer(bench, proxy, 1L << 30);
            double before = ProcStat.rss(proxy.pid());
            transfer(bench, proxy, 10L << 30);
            Bench.pause(2);
            bench.rounds().add(new Metric(SOAK, "extra RSS", "MB"), side, (ProcStat.rss(proxy.pid()) - before) / MIB);
        }
    }

    private static void transfer(Bench bench, Proxy proxy, long bytes) {
        for (Shapes shape : List.of(Shapes.GET_64M, Shapes.POST_64M)) {
            try (Load load = bench.lab().load(proxy, shape, 4, 4, 0)) {
                load.beginWindow();
                load.startClosed();
                long wanted = bytes >> 26;
                while (load.answered() < wanted) {
                    Bench.pause(SAMPLE);
                    proxy.check();
                }
                load.stop();
            }
        }
    }

    /** RSS of the proxies that carried all of the load so far. */
    static void afterLoad(Bench bench) {
        for (Side side : List.of(Side.MILEPOST, Side.ENVOY)) {
            if (bench.deployments().has(side)) {
                for (Workload w : List.of(Workload.PLAIN, Workload.REALISTIC)) {
                    Proxy proxy = bench.deployments().get(side, w);
                    String group = "after all load, " + (w.realistic() ? "realistic" : "plain");
                    bench.rounds().add(new Metric(group, "RSS", "MB"), side, ProcStat.rss(proxy.pid()) / MIB);
                    bench.rounds().add(new Metric(group, "peak RSS", "MB"), side, ProcStat.peakRss(proxy.pid()) / MIB);
                }
            }
        }
    }
}
