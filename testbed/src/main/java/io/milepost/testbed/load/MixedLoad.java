package io.milepost.testbed.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * 64 clients at once, 24 of HTTP/1.1 and 24 of h2c (h2load) and 16 of TCP (Python), while the configuration changes every 100 ms
 * where the traffic is. The clients count; not one request may fail.
 */
public final class MixedLoad {
    private static final int CHANGE_MILLIS = 100;
    private static final Duration SHORT = Duration.ofSeconds(30);

    /** @param inForce configurations that the waypoint says it put in force */
    public record Report(List<Clients.Counted> clients, int written, long inForce, int refused, List<String> failures) {
        public long failed() {
            return refused + clients.stream().mapToLong(Clients.Counted::failed).sum();
        }

        public long good() {
            return clients.stream().mapToLong(Clients.Counted::good).sum();
        }

        @Override
        public String toString() {
            StringBuilder s = new StringBuilder();
            clients.forEach(c -> s.append(c).append('\n'));
            s.append("configurations: ")
                    .append(written)
                    .append(" written, ")
                    .append(inForce)
                    .append(" put in force; ");
            s.append(refused).append(" connections without a tunnel\n");
            failures.forEach(f -> s.append("  ").append(f).append('\n'));
            return s.toString();
        }
    }

    private MixedLoad() {}

    public static Report run(Path folder, String net, Duration length) throws IOException, InterruptedException {
        String python = Clients.find("python3", "python3");
        Clients.find("h2load", "nghttp2-client");
        try (LoadMesh mesh = new LoadMesh(
                        folder, net, length.compareTo(SHORT) < 0 ? WaypointProgram.QUICK_START : List.of(), List.of());
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
                ScheduledExecutorService changes = Executors.newSingleThreadScheduledExecutor()) {
            String http = mesh.entryText(LoadApp.HTTP);
            String tcp = mesh.entryText(LoadApp.TCP);
            awaitWarm(http);
            int refusedBefore = mesh.refused();
            double before = mesh.waypoint().metric("milepost_config_version");
            AtomicInteger written = new AtomicInteger();
            changes.scheduleAtFixedRate(
                    () -> change(mesh, written.incrementAndGet()), CHANGE_MILLIS, CHANGE_MILLIS, TimeUnit.MILLISECONDS);
            List<Callable<Clients.Counted>> all = List.of(
                    () -> Clients.h2load(true, 24, length, "http://" + http + "/a"),
                    () -> Clients.h2load(false, 24, length, "http://" + http + "/b"),
                    () -> Clients.python(
                            python,
                            "tcp_echo_client.py",
                            length.plusSeconds(120),
                            tcp,
                            "16",
                            Long.toString(length.toSeconds())));
            List<Clients.Counted> counted = new ArrayList<>();
            for (Future<Clients.Counted> f : clients.invokeAll(all)) {
                counted.add(get(f));
            }
            changes.shutdownNow();
            long inForce = (long) (mesh.waypoint().metric("milepost_config_version") - before);
            return new Report(counted, written.get(), inForce, mesh.refused() - refusedBefore, failures(mesh, counted));
        }
    }

    /** The first handshakes of a new JVM take long on a busy machine; they are not what is measured. */
    private static void awaitWarm(String http) {
        long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
        Clients.Counted warm;
        do {
            warm = Clients.h2load(true, 4, Duration.ZERO, "http://" + http + "/warm");
        } while (warm.failed() > 0 && System.nanoTime() < deadline);
        if (warm.failed() > 0) {
            throw new IllegalStateException("the mesh does not answer: " + warm.output());
        }
    }

    private static Clients.Counted get(Future<Clients.Counted> f) throws InterruptedException {
        try {
            return f.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a client could not be run", e.getCause());
        }
    }

    private static void change(LoadMesh mesh, int variant) {
        try {
            mesh.configure(variant);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What can be said about failures: the first access log lines that are no 200, the clients' own words, the program's errors. */
    private static List<String> failures(LoadMesh mesh, List<Clients.Counted> counted) throws IOException {
        List<String> out = new ArrayList<>();
        mesh.waypoint().accessLog().stream()
                .filter(l -> !l.contains("\" 200 - ") && !l.contains("\" 0 - "))
                .limit(8)
                .forEach(out::add);
        for (Clients.Counted c : counted) {
            if (c.failed() > 0) {
                out.addAll(c.output().lines().limit(25).toList());
            }
        }
        mesh.waypoint()
                .log()
                .lines()
                .filter(l -> l.contains("ERROR") || l.contains("LEAK") || l.contains("Exception"))
                .limit(8)
                .forEach(out::add);
        return out;
    }
}
