package io.milepost.testbed.load;

import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.echo.HbonePod;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code milepost waypoint} as a process, with the operators' ports; logs go to files. */
public final class WaypointProgram implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);

    private final Process process;
    private final String ip;
    private final Path accessLog;
    private final Path programLog;
    private final HttpClient operators = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    /** What a short run takes: compiling well costs more than it gives. */
    public static final List<String> QUICK_START = List.of("-XX:TieredStopAtLevel=1");

    public WaypointProgram(
            Path folder, String ip, Path root, TestCa.Leaf leaf, List<String> jvmOptions, List<String> options)
            throws IOException {
        this.ip = ip;
        accessLog = folder.resolve("access.log");
        programLog = folder.resolve("waypoint.log");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!flag.startsWith("-agentlib") && !flag.startsWith("-javaagent") && !flag.startsWith("-Dsurefire")) {
                command.add(flag);
            }
        }
        command.add("-Xmx256m");
        command.addAll(jvmOptions);
        command.addAll(List.of(
                "-cp",
                classPath(),
                "io.milepost.waypoint.WaypointMain",
                "--config",
                folder.resolve("config").toString(),
                "--gateway",
                "default/waypoint",
                "--ip",
                ip,
                "--root-cert",
                root.toString(),
                "--cert",
                leaf.cert().toString(),
                "--key",
                leaf.key().toString()));
        command.addAll(options);
        process = new ProcessBuilder(command)
                .redirectOutput(accessLog.toFile())
                .redirectError(programLog.toFile())
                .start();
    }

    /** Surefire starts tests from a jar that only names the class path. */
    private static String classPath() {
        String real = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return real.replace(File.pathSeparator + File.pathSeparator, File.pathSeparator);
    }

    public void awaitReady() throws IOException {
        long deadline = System.nanoTime() + START.toNanos();
        try {
            while (!accepts()) {
                if (process.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                    throw new IOException("the waypoint did not start: " + log());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private boolean accepts() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(ip, HbonePod.PORT), 1_000);
            return true;
        } catch (IOException _) {
            // Not listening yet; the caller's deadline decides.
            return false;
        }
    }

    /** Asks one of the operators' ports. */
    public HttpResponse<String> ask(String method, int port, String path) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + ip + ":" + port + path))
                .timeout(Duration.ofSeconds(20))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        try {
            return operators.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** The value of a metric without labels. */
    public double metric(String name) throws IOException {
        Matcher m = Pattern.compile("(?m)^" + Pattern.quote(name) + " (\\S+)$")
                .matcher(ask("GET", 15020, "/metrics").body());
        if (!m.find()) {
            throw new IOException("the waypoint has no metric " + name);
        }
        return Double.parseDouble(m.group(1));
    }

    /** SIGTERM. */
    public void terminate() {
        process.destroy();
    }

    /** The exit code; -1 when it is still there after the patience. */
    public int awaitExit(Duration patience) throws InterruptedException {
        return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS) ? process.exitValue() : -1;
    }

    public long pid() {
        return process.pid();
    }

    public String log() throws IOException {
        return Files.readString(programLog);
    }

    public List<String> accessLog() throws IOException {
        return Files.readAllLines(accessLog);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(8, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        operators.close();
    }
}
