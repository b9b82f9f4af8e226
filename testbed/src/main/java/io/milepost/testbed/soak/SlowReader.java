package io.milepost.testbed.soak;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** One transfer to a reader that is slower than its writer, through a waypoint with little direct memory, each way in turn. */
@Command(
        name = "slow-reader",
        description = "200 MB to a reader of 1 MB/s, each way, within a fixed limit of direct memory.",
        mixinStandardHelpOptions = true)
public final class SlowReader implements Callable<Integer> {
    @Option(names = "--megabytes", defaultValue = "200", description = "Size (default: ${DEFAULT-VALUE}).")
    private int megabytes = 200;

    @Option(names = "--pace", defaultValue = "1000000", description = "Bytes per second (default: ${DEFAULT-VALUE}).")
    private long pace = 1_000_000;

    @Option(
            names = "--direct-mb",
            defaultValue = "32",
            description = "The waypoint's direct memory in all (default: ${DEFAULT-VALUE}).")
    private int directMb = 32;

    @Option(
            names = "--net",
            defaultValue = "127.34",
            description = "First two octets of the addresses (default: ${DEFAULT-VALUE}).")
    private String net = "127.34";

    /**
     * @param ahead the most that the writer was ahead of the reader: all that any buffer on the way held
     * @param rss most resident memory of the waypoint
     */
    record Report(long received, long ahead, long rss) {}

    static Report run(Path folder, String net, boolean upload, long total, long pace, int directMb) throws Exception {
        LinkedBlockingQueue<PacedReader> sinks = new LinkedBlockingQueue<>();
        LinkedBlockingQueue<EagerWriter> sources = new LinkedBlockingQueue<>();
        try (SoakMesh mesh = new SoakMesh(
                folder,
                net,
                List.of("-XX:MaxDirectMemorySize=" + directMb + "m"),
                pace,
                () -> {
                    EagerWriter source = new EagerWriter(total);
                    sources.add(source);
                    return source;
                },
                () -> {
                    PacedReader sink = new PacedReader(pace);
                    sinks.add(sink);
                    return sink;
                })) {
            PacedReader reader;
            EagerWriter writer;
            if (upload) {
                writer = new EagerWriter(total);
                mesh.open(SoakMesh.SINK, writer).get(60, TimeUnit.SECONDS);
                reader = sinks.poll(60, TimeUnit.SECONDS);
            } else {
                reader = new PacedReader(pace);
                mesh.open(SoakMesh.SOURCE, reader).get(60, TimeUnit.SECONDS);
                writer = sources.poll(60, TimeUnit.SECONDS);
            }
            if (reader == null || writer == null) {
                throw new IllegalStateException("the tunnel did not reach the application");
            }
            long ahead = 0;
            long rss = 0;
            while (!reader.ended().isDone()) {
                ahead = Math.max(ahead, writer.written() - reader.bytes());
                rss = Math.max(rss, mesh.waypointRss());
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            }
            return new Report(reader.bytes(), ahead, rss);
        }
    }

    @Override
    public Integer call() throws Exception {
        long total = megabytes * 1_000_000L;
        boolean good = true;
        for (boolean upload : new boolean[] {true, false}) {
            Path folder = Files.createTempDirectory("milepost-slow-reader");
            Report report = run(folder, net, upload, total, pace, directMb);
            System.out.println((upload ? "upload: " : "download: ") + report.received()
                    + " bytes received, the writer was at most "
                    + (report.ahead() >> 10) + " KiB ahead (with the sockets' buffers), most resident memory "
                    + (report.rss() >> 20) + " MiB with " + directMb + " MiB of direct memory");
            good &= report.received() == total;
        }
        System.out.println(good ? "passed" : "FAILED");
        return good ? 0 : 1;
    }
}
