package io.milepost.testbed.demo;

import io.milepost.testbed.ca.TestCa;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The waypoint as the program that it is: a process of its own with the command line that everybody uses. */
final class WaypointProcess implements MeshProcess {
    private static final int HBONE_PORT = 15008;
    private static final long START_MILLIS = 90_000;
    private static final long STOP_MILLIS = 700;

    private final Process process;
    private final InetAddress address;
    private final String gateway;
    private final LogTap programLog = new LogTap();

    WaypointProcess(
            Path configuration,
            String gateway,
            InetAddress address,
            Path root,
            TestCa.Leaf certificate,
            LogTap accessLog)
            throws IOException {
        this.address = address;
        this.gateway = gateway;
        List<String> command = new ArrayList<>(program());
        command.addAll(List.of(
                "--config",
                configuration.toString(),
                "--gateway",
                gateway,
                "--ip",
                address.getHostAddress(),
                "--root-cert",
                root.toString(),
                "--cert",
                certificate.cert().toString(),
                "--key",
                certificate.key().toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        // What runs here is built; nothing may be built under it.
        builder.environment().put("MILEPOST_SKIP_BUILD", "1");
        process = builder.start();
        accessLog.follow(process.getInputStream(), "waypoint-access");
        programLog.follow(process.getErrorStream(), "waypoint");
    }

    /** The command that users type, where this demo was started by it; otherwise the same class with our own flags. */
    private static List<String> program() {
        String classPath = System.getProperty("java.class.path");
        Path script = Path.of(System.getProperty("milepost.home", "."), "milepost");
        if (classPath.contains("milepost-testbed.jar") && Files.isExecutable(script)) {
            return List.of(script.toString(), "waypoint");
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!flag.startsWith("-agentlib") && !flag.startsWith("-javaagent") && !flag.startsWith("-XX:AOT")) {
                command.add(flag);
            }
        }
        command.add("-cp");
        command.add(classPath.replace(File.pathSeparator + File.pathSeparator, File.pathSeparator));
        command.add("io.milepost.waypoint.WaypointMain");
        return command;
    }

    /** Returns once 15008 accepts. */
    void awaitReady() throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
        while (!accepts()) {
            if (process.waitFor(20, TimeUnit.MILLISECONDS)) {
                throw new DemoException(
                        "the waypoint ended with exit code " + process.exitValue() + ". Its log says:\n" + log());
            }
            if (System.nanoTime() > deadline) {
                throw new DemoException("the waypoint did not accept on " + address.getHostAddress() + ":" + HBONE_PORT
                        + " within " + START_MILLIS / 1000 + " s. Its log says:\n" + log());
            }
        }
    }

    private boolean accepts() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, HBONE_PORT), 1_000);
            return true;
        } catch (IOException _) {
            // Not listening yet; the deadline of the caller decides.
            return false;
        }
    }

    private String log() {
        return String.join("\n", programLog.tail(30));
    }

    /** The program's own log, for example about a file that it could not use. */
    LogTap programLog() {
        return programLog;
    }

    @Override
    public String describe() {
        return "waypoint " + gateway + " on " + address.getHostAddress() + ":" + HBONE_PORT + " (process "
                + process.pid() + ")";
    }

    /** Asks it to end, without waiting. */
    void terminate() {
        process.destroy();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            // Nobody is left to be served: it has drained as far as it has to.
            if (!process.waitFor(STOP_MILLIS, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException _) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
