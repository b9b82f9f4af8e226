package io.milepost.bench.run;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Outcome;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.ProcStat;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Workload;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** What scenarios work with: proxies, load and a place for what they find. */
public final class Bench {
    private static final double SETTLE = 0.2;
    private static final double RAMP = 0.2;

    private final Lab lab;
    private final Deployments deployments;
    private final Plan plan;
    private final Rounds rounds;
    private final Set<String> warm = new HashSet<>();

    public Bench(Lab lab, Deployments deployments, Plan plan, Rounds rounds) {
        this.lab = lab;
        this.deployments = deployments;
        this.plan = plan;
        this.rounds = rounds;
    }

    public Lab lab() {
        return lab;
    }

    public Deployments deployments() {
        return deployments;
    }

    public Plan plan() {
        return plan;
    }

    public Rounds rounds() {
        return rounds;
    }

    /** One measurement: the outcome and the CPU seconds that the proxy took for it. */
    public record Window(Outcome outcome, double cpuSeconds) {
        public double cpuMicros() {
            return cpuSeconds / Math.max(1, outcome.answers()) * 1e6;
        }
    }

    public static void pause(double seconds) {
        long until = System.nanoTime() + (long) (seconds * 1e9);
        for (long left = until - System.nanoTime(); left > 0; left = until - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** Loads a proxy once with a kind of load, so that no measurement meets cold code. */
    public void warm(Side side, Workload workload, Shapes shape, Load load) {
        warm(side, workload, shape, load, 0);
    }

    /**
     * As above, most of the time at a fixed rate; 0 saturates all the time. A saturated machine leaves the JIT compiler a fifth
     * of two processors for its 8 seconds of work, and it would work on in the windows of the measurement.
     */
    public void warm(Side side, Workload workload, Shapes shape, Load load, double rate) {
        if (!warm.add(side + "/" + workload + "/" + shape)) {
            return;
        }
        // Envoy has no compiler to wait for; its connections and caches need a moment too.
        double seconds = side == Side.ENVOY || side == Side.FLOOR ? plan.warmup() / 5 : plan.warmup();
        load.startClosed();
        pause(rate > 0 ? seconds * 0.3 : seconds);
        load.stop();
        pause(SETTLE);
        if (rate > 0) {
            load.startOpen(rate);
            pause(seconds * 0.6);
            load.stop();
            pause(SETTLE);
            load.startClosed();
            pause(seconds * 0.1);
            load.stop();
            pause(SETTLE);
        }
    }

    /** A window of a closed loop. */
    public Window saturate(Proxy proxy, Load load, double seconds) {
        load.startClosed();
        return window(proxy, load, seconds);
    }

    /** A window of an open loop. */
    public Window atRate(Proxy proxy, Load load, double perSecond, double seconds) {
        load.startOpen(perSecond);
        return window(proxy, load, seconds);
    }

    private Window window(Proxy proxy, Load load, double seconds) {
        pause(RAMP);
        load.beginWindow();
        double before = ProcStat.cpuSeconds(proxy.pid());
        pause(seconds);
        double after = ProcStat.cpuSeconds(proxy.pid());
        Outcome outcome = load.endWindow();
        load.stop();
        pause(SETTLE);
        proxy.check();
        proxy.truncateLog();
        if (outcome.answers() == 0 && outcome.receivedBytes() == 0) {
            throw new IllegalStateException(proxy.name() + " answered nothing: " + load.lastError());
        }
        if (outcome.errors() > 0) {
            rounds.note(proxy.name() + ": " + outcome.errors() + " errors beside " + outcome.answers()
                    + " good answers, the last one: " + load.lastError());
        }
        return new Window(outcome, after - before);
    }

    /** Adds what a window tells about requests. */
    public void addRequests(String group, Side side, Window w, boolean closedLoop) {
        rounds.add(Metric.cpu(group), side, w.cpuMicros());
        if (closedLoop) {
            rounds.add(new Metric(group, Metric.RPS, "1/s"), side, w.outcome().perSecond());
        }
        rounds.add(new Metric(group, "p50", "ms"), side, w.outcome().millis(50));
        rounds.add(new Metric(group, "p90", "ms"), side, w.outcome().millis(90));
        rounds.add(Metric.p99(group), side, w.outcome().millis(99));
        rounds.add(new Metric(group, "p99.9", "ms"), side, w.outcome().millis(99.9));
    }

    public static long nanosToMillis(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(nanos);
    }
}
