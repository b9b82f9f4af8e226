package io.milepost.bench;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.Milepost;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Workload;
import io.milepost.bench.run.Bench;
import io.milepost.bench.run.Lab;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * The training run of the waypoint's start-up cache (JEP 483, 514 and 515): a waypoint under a little of every kind of load, which
 * writes down on its way out which classes it loaded and which methods were hot. {@code ./milepost} runs it after a build.
 */
public final class TrainMain {
    private static final double SECONDS = 1.5;
    /** What a new connection runs is hot only after some thousands of them. */
    private static final long CONNECTIONS = 5_000;

    private static final double CONNECTION_SECONDS = 20;
    private static final Duration ASSEMBLY = Duration.ofSeconds(90);
    private static final String ADDRESS = "127.2.18.1";

    private TrainMain() {}

    /** Before the cache: it remembers the jars it was made of. */
    private static void liftLibraries(Path folder) throws IOException {
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "picocli-*.jar")) {
            for (Path jar : jars) {
                OldClasses.lift(jar);
            }
        }
    }

    /** Argument: the file to write. */
    public static void main(String[] args) throws Exception {
        Path cache = Path.of(args[0]).toAbsolutePath();
        Path home = Path.of(System.getProperty("milepost.home", "."));
        liftLibraries(home.resolve("testbed/target/lib"));
        Path folder = Files.createTempDirectory("milepost-train");
        try (Lab lab = new Lab(folder)) {
            Milepost milepost =
                    new Milepost(home, lab.mesh().ca(), 0, "", Map.of("MILEPOST_AOT_RECORD", cache.toString()));
            Proxy proxy = milepost.start(Workload.REALISTIC, ADDRESS, folder.resolve("waypoint"));
            try {
                proxy.awaitListening();
                for (Shapes shape : new Shapes[] {
                    Shapes.REALISTIC,
                    Shapes.POST_1M,
                    Shapes.GET_64M,
                    Shapes.H2C,
                    Shapes.GRPC,
                    Shapes.WEBSOCKET,
                    Shapes.REALISTIC
                }) {
                    try (Load load = lab.load(proxy, shape)) {
                        load.startClosed();
                        Bench.pause(SECONDS);
                        load.stop();
                    }
                }
                try (Load load = lab.load(proxy, Shapes.PLAIN, 4, 1, 1)) {
                    load.beginWindow();
                    load.startClosed();
                    for (double t = 0; t < CONNECTION_SECONDS && load.answered() < CONNECTIONS; t += 0.1) {
                        Bench.pause(0.1);
                    }
                    load.stop();
                }
            } finally {
                // The cache is assembled while the process ends.
                proxy.close(ASSEMBLY);
            }
            if (!Files.isReadable(cache)) {
                System.err.println("no cache was written:\n" + proxy.log());
                System.exit(1);
            }
        }
        System.exit(0);
    }
}
