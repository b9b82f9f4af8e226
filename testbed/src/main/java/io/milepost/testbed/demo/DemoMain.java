package io.milepost.testbed.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ./milepost demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "An ambient mesh on loopback: Bookinfo behind ztunnels and a waypoint.")
public final class DemoMain implements Callable<Integer> {
    private static final String WEIGHTS = "40-reviews-traffic.yaml";

    @Option(names = "--once", description = "Walk through the scenarios and end; 0 only if every step came out right.")
    private boolean once;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "Directory of Kubernetes YAML (default: examples/bookinfo of this checkout).")
    private @Nullable Path directory;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "9080",
            description = "Port on 127.0.0.1 for the page (default: ${DEFAULT-VALUE}).")
    private int port;

    public static void main(String[] args) {
        System.exit(new CommandLine(new DemoMain()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        try {
            return run(out);
        } catch (DemoException e) {
            out.flush();
            System.err.println("demo: " + e.getMessage());
            return 1;
        }
    }

    private int run(PrintWriter out) throws IOException, InterruptedException {
        Path configuration = directory == null
                ? Path.of(System.getProperty("milepost.home", "."), "examples", "bookinfo")
                : directory;
        if (!Files.isDirectory(configuration)) {
            throw new DemoException(configuration + " is not a directory: --dir wants one with Kubernetes YAML");
        }
        Path temporary = Files.createTempDirectory("milepost-demo");
        // The tour edits a file; a tour that ends at once leaves the user's files alone.
        Path used = once ? copy(configuration, temporary.resolve("config")) : configuration;
        try (DemoMesh mesh = new DemoMesh(used, temporary)) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(mesh, temporary), "demo-stop"));
            mesh.start();
            out.println("Milepost demo: a mesh of " + mesh.pods().size() + " pods on loopback, from " + configuration);
            for (String line : mesh.describe()) {
                out.println("  " + line);
            }
            Tour tour = new Tour(mesh, out);
            out.printf("Ready after %.1f s.%n", secondsUp());
            boolean right = tour.walk(used.resolve(WEIGHTS), once && Files.exists(used.resolve(WEIGHTS)));
            if (once) {
                return right ? 0 : 1;
            }
            stayUp(out, mesh, tour, configuration);
            return 0;
        }
    }

    /** Since this virtual machine was started. */
    static double secondsUp() {
        return ManagementFactory.getRuntimeMXBean().getUptime() / 1e3;
    }

    /** Runs at every end, Ctrl-C included. */
    private static void stop(DemoMesh mesh, Path temporary) {
        mesh.close();
        try {
            delete(temporary);
        } catch (IOException e) {
            System.err.println("demo: cannot delete " + temporary + ": " + e.getMessage());
        }
    }

    private void stayUp(PrintWriter out, DemoMesh mesh, Tour tour, Path configuration)
            throws IOException, InterruptedException {
        InetSocketAddress browser = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
        Pod productpage = Pods.byApp(mesh.pods(), "productpage");
        try (ProductPage page = new ProductPage(productpage, browser)) {
            page.start();
            out.println();
            tour.hints("http://127.0.0.1:" + port + "/productpage", configuration)
                    .forEach(out::println);
            out.println();
            out.println("Access logs follow, and what the waypoint says about changed files.");
            mesh.waypointMessages().echo();
            mesh.waypointLog().echo();
            mesh.ztunnelLog().echo();
            // Ends with the process: Ctrl-C runs the shutdown hook.
            new CountDownLatch(1).await();
        }
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> deepestFirst =
                    files.sorted(java.util.Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.deleteIfExists(file);
            }
        }
    }
}
