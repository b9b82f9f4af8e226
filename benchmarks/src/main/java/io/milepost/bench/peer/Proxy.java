package io.milepost.bench.peer;

import io.milepost.bench.mesh.BenchMesh;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A proxy under test as a process of its own. Its access log is a file, whatever else it says another one. */
public final class Proxy implements AutoCloseable {
    private static final long START_SECONDS = 120;
    private static final long END_SECONDS = 8;
    private static final long POLL_NANOS = 2_000_000;

    private final String name;
    private final Process process;
    private final String address;
    private final Path accessLog;
    private final Path programLog;
    private final long started;

    private Proxy(String name, Process process, String address, Path accessLog, Path programLog, long started) {
        this.name = name;
        this.process = process;
        this.address = address;
        this.accessLog = accessLog;
        this.programLog = programLog;
        this.started = started;
    }

    /**
     * Starts one.
     *
     * @param address where it listens for HBONE
     * @param standardOutput whether its access log is its standard output
     */
    static Proxy start(
            String name,
            String address,
            Path folder,
            List<String> command,
            Map<String, String> environment,
            boolean standardOutput) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make " + folder, e);
        }
        Path accessLog = accessLog(folder);
        Path programLog = folder.resolve("program.log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(programLog.toFile()))
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(standardOutput ? accessLog.toFile() : programLog.toFile()));
        builder.environment().putAll(environment);
        try {
            long started = System.nanoTime();
            return new Proxy(name, builder.start(), address, accessLog, programLog, started);
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be started with " + command, e);
        }
    }

    static Path accessLog(Path folder) {
        return folder.resolve("access.log");
    }

    public String name() {
        return name;
    }

    public long pid() {
        return process.pid();
    }

    public InetSocketAddress hbone() {
        return new InetSocketAddress(address, BenchMesh.HBONE);
    }

    /** When its exec was asked for, by System.nanoTime(). */
    public long started() {
        return started;
    }

    /** Returns once it accepts connections. */
    public Proxy awaitListening() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!accepts()) {
            check();
            if (System.nanoTime() > deadline) {
                close();
                throw new IllegalStateException(
                        name + " did not listen on " + hbone() + " within " + START_SECONDS + " s:\n" + log());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return this;
    }

    private boolean accepts() {
        try (Socket socket = new Socket()) {
            socket.connect(hbone(), 1_000);
            return true;
        } catch (IOException _) {
            // Not listening yet; the deadline of the caller decides.
            return false;
        }
    }

    /** Fails when the process has ended. */
    public void check() {
        if (!process.isAlive()) {
            throw new IllegalStateException(
                    name + " ended with exit code " + process.exitValue() + ". Its log says:\n" + log());
        }
    }

    public String log() {
        try {
            List<String> lines = Files.readAllLines(programLog);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
        } catch (IOException e) {
            return "(its log cannot be read: " + e.getMessage() + ")";
        }
    }

    /** Forgets the access log so far, so that a long run does not fill the disk; both proxies append. */
    public void truncateLog() {
        try (FileChannel file = FileChannel.open(accessLog, StandardOpenOption.WRITE)) {
            file.truncate(0);
        } catch (java.nio.file.NoSuchFileException _) {
            // This one writes none.
            return;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot shorten " + accessLog, e);
        }
    }

    /** Bytes of the access log. */
    public long logBytes() {
        return accessLog.toFile().length();
    }

    @Override
    public void close() {
        close(Duration.ofSeconds(END_SECONDS));
    }

    /** Asks it to end and gives it so long. */
    public void close(Duration patience) {
        process.destroy();
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                process.waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
