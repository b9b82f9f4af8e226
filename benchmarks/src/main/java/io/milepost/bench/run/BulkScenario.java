package io.milepost.bench.run;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.ProcStat;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Workload;
import java.util.List;

/** Large bodies in one direction: CPU and speed per byte. */
final class BulkScenario implements Scenario.Action {
    static final String DOWN = "bulk download";
    static final String UP = "bulk upload";
    private static final double GIB = 1L << 30;

    private final String name;
    private final Shapes shape;
    private final boolean up;
    private final int inner;

    BulkScenario(String name, Shapes shape, boolean up, int inner) {
        this.name = name;
        this.shape = shape;
        this.up = up;
        this.inner = inner;
    }

    @Override
    public void run(Bench bench) {
        Rounds rounds = bench.rounds();
        for (int round = 0; round < bench.plan().rounds(); round++) {
            for (Side side : List.of(Side.MILEPOST, Side.ENVOY, Side.FLOOR)) {
                if (!bench.deployments().has(side) || bench.plan().skips(side, round)) {
                    continue;
                }
                Proxy proxy = bench.deployments().get(side, Workload.PLAIN);
                try (Load load = bench.lab().load(proxy, shape, inner, inner, 0)) {
                    bench.warm(side, Workload.PLAIN, shape, load);
                    Bench.Window w = bench.saturate(proxy, load, bench.plan().window());
                    double bytes = up ? w.outcome().sentBytes() : w.outcome().receivedBytes();
                    if (bytes > 0) {
                        rounds.add(new Metric(name, "CPU per GiB", "s"), side, w.cpuSeconds() / (bytes / GIB));
                        rounds.add(
                                new Metric(name, "speed", "MB/s"),
                                side,
                                bytes / 1e6 / w.outcome().seconds());
                        rounds.add(new Metric(name, "RSS", "MB"), side, ProcStat.rss(proxy.pid()) / 1048576.0);
                    }
                }
            }
        }
    }
}
