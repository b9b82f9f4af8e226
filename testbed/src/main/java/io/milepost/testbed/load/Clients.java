package io.milepost.testbed.load;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Programs that are not ours, found on this machine and run to their end. A missing one is an error that says how to get it. */
public final class Clients {
    /** What {@code ./milepost test} installs Python's grpcio into. */
    private static final String PYTHON = "MILEPOST_CLIENT_PYTHON";

    private static final Pattern REQUESTS = Pattern.compile(
            "requests: (\\d+) total, \\d+ started, (\\d+) done, (\\d+) succeeded, (\\d+) failed, (\\d+) errored, (\\d+) timeout");
    private static final Pattern CODES =
            Pattern.compile("status codes: (\\d+) 2xx, (\\d+) 3xx, (\\d+) 4xx, (\\d+) 5xx");
    private static final Pattern COUNTED = Pattern.compile("done (\\d+) failed (\\d+)");

    private static final int REQUESTS_PER_CONNECTION = 25;
    private static final Duration ROUND_PATIENCE = Duration.ofMinutes(2);

    private Clients() {}

    /** A finished program; {@code output} holds both streams. */
    public record Run(int exit, String output) {}

    /** What a client counted: requests that were answered well, and those that were not. */
    public record Counted(String client, long good, long failed, String output) {
        @Override
        public String toString() {
            return client + ": " + good + " good, " + failed + " failed";
        }
    }

    /** The path of a program, or an error that names the package which holds it. */
    public static String find(String program, String debianPackage) {
        for (String dir : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            Path p = Path.of(dir, program);
            if (Files.isExecutable(p)) {
                return p.toString();
            }
        }
        throw new IllegalStateException(
                program + " is not installed, and what has to be tried with a client that is not ours"
                        + " was not tried. Install it: apt-get install " + debianPackage
                        + " (as root, with a network, ./milepost test does so by itself)");
    }

    /** A Python with grpcio. */
    public static String pythonWithGrpc() {
        String python = System.getenv(PYTHON);
        if (python == null) {
            Path home = Path.of(System.getProperty("milepost.home", ".")).toAbsolutePath();
            Path venv = home.resolve("target/clients/bin/python");
            Path above = Path.of("").toAbsolutePath().resolve("../target/clients/bin/python");
            python = Files.isExecutable(venv)
                    ? venv.toString()
                    : Files.isExecutable(above) ? above.toString() : find("python3", "python3");
        }
        Run r = run(Duration.ofSeconds(30), List.of(python, "-c", "import grpc"));
        if (r.exit() != 0) {
            throw new IllegalStateException(
                    python + " has no grpcio, and gRPC was not tried with a client that is not ours."
                            + " Run ./milepost test with a network once (it makes target/clients), or set " + PYTHON
                            + " to a Python where 'pip install grpcio' was done: "
                            + r.output().strip());
        }
        return python;
    }

    /** Runs a program to its end; kills it when the patience is over. */
    public static Run run(Duration patience, List<String> command) {
        try {
            Path out = Files.createTempFile("milepost-client", ".out");
            try {
                Process p = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(out.toFile())
                        .start();
                boolean ended = p.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
                if (!ended) {
                    p.destroyForcibly().waitFor();
                }
                String text = Files.readString(out, StandardCharsets.UTF_8);
                return new Run(ended ? p.exitValue() : -1, ended ? text : text + "\nkilled after " + patience);
            } finally {
                Files.deleteIfExists(out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + command.getFirst() + " ran", e);
        }
    }

    /**
     * h2load in rounds of so many requests per connection until the time is over, at least one round; HTTP/1.1 or HTTP/2 with
     * prior knowledge. Rounds end by themselves, so that nothing is cut off and a slow machine is only slow.
     */
    public static Counted h2load(boolean http1, int connections, Duration length, String url) {
        String name = http1 ? "h2load HTTP/1.1" : "h2load h2c";
        List<String> command = new ArrayList<>(List.of(
                find("h2load", "nghttp2-client"),
                "-t",
                "1",
                "-c",
                Integer.toString(connections),
                "-n",
                Integer.toString(connections * REQUESTS_PER_CONNECTION)));
        command.addAll(http1 ? List.of("--h1") : List.of("-m", "4"));
        command.add(url);
        long end = System.nanoTime() + length.toNanos();
        long good = 0;
        Counted round;
        do {
            round = parse(name, run(length.plus(ROUND_PATIENCE), command));
            good += round.good();
        } while (round.failed() == 0 && System.nanoTime() < end);
        return new Counted(name, good, round.failed(), round.output());
    }

    /** Whatever is not a 2xx of an exchange that ended well counts as failed. */
    static Counted parse(String name, Run r) {
        Matcher q = REQUESTS.matcher(r.output());
        Matcher c = CODES.matcher(r.output());
        if (r.exit() != 0 || !q.find() || !c.find()) {
            return new Counted(name, 0, 1, "exit code " + r.exit() + ": " + r.output());
        }
        long good = Long.parseLong(c.group(1));
        long bad = Long.parseLong(q.group(4)) + Long.parseLong(q.group(6));
        for (int i = 2; i <= 4; i++) {
            bad += Long.parseLong(c.group(i));
        }
        return counted(name, good, bad, r.output());
    }

    /** A client that got nothing done has failed, even if it counts no failure. */
    private static Counted counted(String name, long good, long bad, String output) {
        return new Counted(name, good, good == 0 ? Math.max(1, bad) : bad, output);
    }

    /** A script of our resources with a Python; it prints {@code done N failed M} and then what failed. */
    public static Counted python(String python, String script, Duration patience, String... arguments) {
        List<String> command = new ArrayList<>();
        try (InputStream in = Clients.class.getResourceAsStream("/load/" + script)) {
            if (in == null) {
                throw new IllegalStateException("no resource load/" + script);
            }
            Path file = Files.createTempFile("milepost", script);
            try {
                Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
                command.add(python);
                command.add(file.toString());
                command.addAll(List.of(arguments));
                Run r = run(patience, command);
                Matcher m = COUNTED.matcher(r.output());
                return r.exit() != 0 || !m.find()
                        ? new Counted(script, 0, 1, "exit code " + r.exit() + ": " + r.output())
                        : counted(script, Long.parseLong(m.group(1)), Long.parseLong(m.group(2)), r.output());
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
