package io.milepost.testbed.soak;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Many slow readers at once, in both directions, whose writers write as fast as they may: the waypoint's memory is bounded. */
@Command(
        name = "slow-readers",
        description =
                "Many slow readers in both directions at once; the waypoint's resident memory stays under a limit.",
        mixinStandardHelpOptions = true)
public final class SlowReaders implements Callable<Integer> {
    private static final Duration OPENING = Duration.ofMinutes(3);

    @Option(
            names = "--readers",
            defaultValue = "1000",
            description = "Readers per direction (default: ${DEFAULT-VALUE}).")
    private int readers = 1000;

    @Option(names = "--seconds", defaultValue = "60", description = "Length of the run (default: ${DEFAULT-VALUE}).")
    private int seconds = 60;

    @Option(
            names = "--pace",
            defaultValue = "4096",
            description = "Bytes per second and reader (default: ${DEFAULT-VALUE}).")
    private long pace = 4096;

    @Option(
            names = "--limit-mb",
            defaultValue = "400",
            description = "The waypoint's most resident memory (default: ${DEFAULT-VALUE}).")
    private int limitMb = 400;

    @Option(
            names = "--direct-mb",
            defaultValue = "256",
            description = "The waypoint's direct memory, as ./milepost waypoint has it (default: ${DEFAULT-VALUE}).")
    private int directMb = 256;

    @Option(
            names = "--net",
            defaultValue = "127.33",
            description = "First two octets of the addresses (default: ${DEFAULT-VALUE}).")
    private String net = "127.33";

    /**
     * What was seen.
     *
     * @param lost tunnels that were refused or ended before the run did
     * @param idle readers that got nothing
     * @param rss most resident memory of the waypoint
     * @param read bytes that arrived, in both directions
     */
    record Report(int tunnels, int lost, long idle, long rss, long read) {
        @Override
        public String toString() {
            return tunnels + " tunnels, " + lost + " lost, " + idle + " readers got nothing, " + (read >> 20)
                    + " MiB read, most resident memory of the waypoint " + (rss >> 20) + " MiB";
        }
    }

    static Report run(Path folder, String net, int readers, Duration length, long pace, List<String> jvmOptions)
            throws Exception {
        Queue<PacedReader> sinks = new ConcurrentLinkedQueue<>();
        try (SoakMesh mesh = new SoakMesh(folder, net, jvmOptions, pace, () -> new EagerWriter(Long.MAX_VALUE), () -> {
            PacedReader sink = new PacedReader(pace);
            sinks.add(sink);
            return sink;
        })) {
            List<PacedReader> downloads = new ArrayList<>();
            List<EagerWriter> uploads = new ArrayList<>();
            List<CompletableFuture<?>> opening = new ArrayList<>();
            for (int i = 0; i < readers; i++) {
                downloads.add(new PacedReader(pace));
                uploads.add(new EagerWriter(Long.MAX_VALUE));
                opening.add(mesh.open(SoakMesh.SOURCE, downloads.getLast()));
                opening.add(mesh.open(SoakMesh.SINK, uploads.getLast()));
            }
            // The time runs when all are there; those that were refused are counted below.
            CompletableFuture.allOf(opening.toArray(CompletableFuture[]::new))
                    .exceptionally(failure -> null)
                    .get(OPENING.toMillis(), TimeUnit.MILLISECONDS);
            long rss = 0;
            long end = System.nanoTime() + length.toNanos();
            while (System.nanoTime() < end) {
                rss = Math.max(rss, mesh.waypointRss());
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            }
            long lost = opening.stream()
                            .filter(f -> !f.isDone() || f.isCompletedExceptionally())
                            .count()
                    + downloads.stream().filter(r -> r.ended().isDone()).count()
                    + uploads.stream().filter(w -> w.closed().isDone()).count();
            long idle = downloads.stream().filter(r -> r.bytes() == 0).count()
                    + Math.max(0, readers - sinks.size())
                    + sinks.stream().filter(r -> r.bytes() == 0).count();
            long read = downloads.stream().mapToLong(PacedReader::bytes).sum()
                    + sinks.stream().mapToLong(PacedReader::bytes).sum();
            return new Report(opening.size(), (int) lost, idle, rss, read);
        }
    }

    @Override
    public Integer call() throws Exception {
        Path folder = Files.createTempDirectory("milepost-slow-readers");
        Report report = run(
                folder,
                net,
                readers,
                Duration.ofSeconds(seconds),
                pace,
                List.of("-XX:MaxDirectMemorySize=" + directMb + "m"));
        System.out.println(report);
        boolean good = report.lost() == 0 && report.idle() == 0 && report.rss() <= (long) limitMb << 20;
        System.out.println(good ? "passed" : "FAILED (limit " + limitMb + " MiB); logs are in " + folder);
        return good ? 0 : 1;
    }
}
