package io.milepost.testbed.fidelity;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** Starts a command line, as the recording tool does: {config}, {root}, {cert}, {key}, {log} and {ip} are filled in; stdout is the access log. */
public final class CommandWaypoint implements WaypointUnderTest {
    private final String command;

    public CommandWaypoint(String command) {
        this.command = command;
    }

    @Override
    public AutoCloseable start(Launch l) throws Exception {
        String line = command.replace("{config}", l.config().toString())
                .replace("{root}", l.root().toString())
                .replace("{cert}", l.cert().toString())
                .replace("{key}", l.key().toString())
                .replace("{log}", l.accessLog().toString())
                .replace("{ip}", l.ip());
        Path own = l.accessLog().resolveSibling("out.log");
        // exec, so that the signal reaches the program and not the shell
        Process process = new ProcessBuilder("sh", "-c", "exec " + line)
                .redirectOutput(l.accessLog().toFile())
                .redirectError(own.toFile())
                .start();
        InetSocketAddress address = new InetSocketAddress(l.ip(), 15008);
        Awaitility.await("the waypoint accepts connections; its own words are in " + own)
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> accepts(address) || !process.isAlive());
        if (!process.isAlive()) {
            throw new IOException("the waypoint ended with " + process.exitValue() + "; its own words are in " + own);
        }
        return () -> stop(process, address);
    }

    private static void stop(Process process, InetSocketAddress address) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(15, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        Awaitility.await("the waypoint's address is free again")
                .atMost(Duration.ofSeconds(10))
                .until(() -> !accepts(address));
    }

    private static boolean accepts(InetSocketAddress address) {
        try (Socket s = new Socket()) {
            s.connect(address, 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
