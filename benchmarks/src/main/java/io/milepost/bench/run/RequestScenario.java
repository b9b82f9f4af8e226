package io.milepost.bench.run;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Workload;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Many small requests: at saturation and at a fixed rate. */
final class RequestScenario implements Scenario.Action {
    private final String name;
    private final Workload workload;
    private final Shapes shape;
    private final List<Side> sides;
    private int inner;
    private int perOuter;
    private int renewEvery;
    private double rate = Plan.RATE;

    RequestScenario(String name, Workload workload, Shapes shape, Side... sides) {
        this.name = name;
        this.workload = workload;
        this.shape = shape;
        this.sides = List.of(sides);
    }

    /** So many inner connections instead of the usual ones. */
    RequestScenario connections(int value, int perOuterConnection) {
        inner = value;
        perOuter = perOuterConnection;
        return this;
    }

    /** Connections are replaced after so many answers. */
    RequestScenario renewEvery(int answers) {
        renewEvery = answers;
        return this;
    }

    /** Rate of the open loop; 0 leaves it out. */
    RequestScenario rate(double value) {
        rate = value;
        return this;
    }

    @Override
    public void run(Bench bench) {
        Plan plan = bench.plan();
        Map<Side, Load> loads = new EnumMap<>(Side.class);
        try {
            for (Side side : sides) {
                if (bench.deployments().has(side)) {
                    Proxy proxy = bench.deployments().get(side, workload);
                    Load load = inner == 0
                            ? bench.lab().load(proxy, shape)
                            : bench.lab().load(proxy, shape, inner, perOuter, renewEvery);
                    loads.put(side, load);
                    bench.warm(side, workload, shape, load, rate);
                }
            }
            for (int round = 0; round < plan.rounds(); round++) {
                for (Map.Entry<Side, Load> e : inRound(loads, plan, round)) {
                    Proxy proxy = bench.deployments().get(e.getKey(), workload);
                    Bench.Window w = bench.saturate(proxy, e.getValue(), plan.window());
                    bench.addRequests(name + ", saturated", e.getKey(), w, true);
                }
            }
            for (int round = 0; round < plan.rounds() && rate > 0; round++) {
                for (Map.Entry<Side, Load> e : inRound(loads, plan, round)) {
                    Proxy proxy = bench.deployments().get(e.getKey(), workload);
                    Bench.Window w = bench.atRate(proxy, e.getValue(), rate, plan.rateWindow());
                    bench.addRequests(name + ", " + (int) rate + "/s", e.getKey(), w, false);
                }
            }
        } finally {
            loads.values().forEach(Load::close);
        }
    }

    private static List<Map.Entry<Side, Load>> inRound(Map<Side, Load> loads, Plan plan, int round) {
        return loads.entrySet().stream()
                .filter(e -> !plan.skips(e.getKey(), round))
                .toList();
    }
}
