package io.milepost.bench.run;

import io.milepost.bench.load.LoadException;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.Workload;
import java.util.ArrayList;
import java.util.List;

/** All scenarios in the order in which they are run. */
public final class Campaign {
    public static final String PLAIN = "plain route";
    public static final String REALISTIC = "realistic";
    private static final int SMALL = 1_000;
    private static final int LARGE = 5_000;

    private final Bench bench;
    private boolean failed;

    public Campaign(Bench bench) {
        this.bench = bench;
    }

    /** Every scenario there is. */
    public static List<Scenario> scenarios() {
        List<Scenario> out = new ArrayList<>();
        Side m = Side.MILEPOST;
        Side e = Side.ENVOY;
        out.add(new Scenario("start", "from exec to the first answer, idle memory", true, new StartScenario(0)));
        out.add(new Scenario(
                "plain",
                "one service, no rules, no log: GET of 1 KiB",
                true,
                new RequestScenario(PLAIN, Workload.PLAIN, Shapes.PLAIN, m, e, Side.FLOOR)));
        out.add(new Scenario(
                "realistic",
                "routes by header and weight, header modification, 20 rules, access log",
                true,
                new RequestScenario(REALISTIC, Workload.REALISTIC, Shapes.REALISTIC, m, e)));
        out.add(new Scenario(
                "download",
                "64 MiB bodies to the client",
                true,
                new BulkScenario(BulkScenario.DOWN, Shapes.GET_64M, false, 1)));
        out.add(new Scenario(
                "upload",
                "1 MiB bodies from the client, 4 at a time",
                true,
                new BulkScenario(BulkScenario.UP, Shapes.POST_1M, true, 4)));
        out.add(new Scenario("new", "TLS, CONNECT and one request each", true, ConnectionScenario::fresh));
        out.add(new Scenario("slow", "a reader of 1 MB/s", true, MemoryScenario::slowReader));
        out.add(new Scenario("services-1000", "1,000 further services", true, new StartScenario(SMALL)));
        out.add(new Scenario("services-5000", "5,000 further services", true, new StartScenario(LARGE)));
        out.add(new Scenario(
                "translation",
                "2,000 services with 10 routes each: full and partial translations, heap",
                true,
                TranslationScenario::run));
        out.add(request(
                "h2c", "HTTP/2 inside the tunnel", new RequestScenario("h2c", Workload.PLAIN, Shapes.H2C, m, e)));
        out.add(request("grpc", "gRPC unary", new RequestScenario("gRPC unary", Workload.PLAIN, Shapes.GRPC, m, e)));
        out.add(request(
                "grpc-stream",
                "gRPC messages on long streams",
                new RequestScenario("gRPC stream", Workload.PLAIN, Shapes.GRPC_STREAM, m, e)));
        out.add(request(
                "websocket",
                "echo after an upgrade",
                new RequestScenario("WebSocket echo", Workload.PLAIN, Shapes.WEBSOCKET, m, e)));
        out.add(request("tcp", "echo of bytes", new RequestScenario("TCP echo", Workload.PLAIN, Shapes.TCP, m, e)));
        out.add(request(
                "64k",
                "GET of 64 KiB",
                new RequestScenario("GET 64 KiB", Workload.PLAIN, Shapes.GET_64K, m, e).rate(0)));
        out.add(request("1g", "GET of 1 GiB", new BulkScenario("GET 1 GiB", Shapes.GET_1G, false, 1)));
        out.add(request(
                "one",
                "1 inner connection",
                new RequestScenario("1 connection", Workload.PLAIN, Shapes.PLAIN, m, e)
                        .connections(1, 1)
                        .rate(0)));
        out.add(request(
                "thousand",
                "1,000 inner connections",
                new RequestScenario("1,000 connections", Workload.PLAIN, Shapes.PLAIN, m, e).connections(1_000, 100)));
        out.add(request(
                "renewed",
                "1 % of connections new",
                new RequestScenario("1 % new connections", Workload.PLAIN, Shapes.PLAIN, m, e)
                        .connections(64, 1)
                        .renewEvery(100)));
        out.add(request(
                "loops",
                "two event loops against one",
                new RequestScenario("event loops", Workload.PLAIN, Shapes.PLAIN, m, Side.ONE_LOOP).rate(0)));
        out.add(new Scenario("idle-tunnels", "10,000 idle tunnels", false, ConnectionScenario::idle));
        out.add(new Scenario("soak", "10 GiB in both directions", false, MemoryScenario::soak));
        out.add(new Scenario("after", "memory after all of the load", true, MemoryScenario::afterLoad));
        return out;
    }

    private static Scenario request(String name, String what, Scenario.Action action) {
        return new Scenario(name, what, false, action);
    }

    /** Runs what the plan asks for; false when a scenario could not be measured. */
    public boolean run() {
        Plan plan = bench.plan();
        long begun = System.nanoTime();
        for (Scenario s : scenarios()) {
            boolean wanted = plan.scenarios().isEmpty()
                    ? s.quick() || !plan.quick()
                    : plan.scenarios().contains(s.name());
            if (wanted) {
                System.err.printf("bench: %5.0f s  %s (%s)%n", (System.nanoTime() - begun) / 1e9, s.name(), s.what());
                try {
                    s.action().run(bench);
                } catch (IllegalStateException | LoadException e) {
                    failed = true;
                    bench.rounds().note("scenario " + s.name() + " failed: " + e.getMessage());
                    System.err.println("bench: scenario " + s.name() + " failed: " + e.getMessage());
                }
            }
        }
        System.err.printf("bench: %5.0f s  done%n", (System.nanoTime() - begun) / 1e9);
        return !failed;
    }
}
