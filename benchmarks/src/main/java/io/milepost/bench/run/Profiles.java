package io.milepost.bench.run;

import io.milepost.bench.load.Load;
import io.milepost.bench.load.Shapes;
import io.milepost.bench.peer.Proxy;
import io.milepost.bench.peer.Workload;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/**
 * Profiles of the waypoint under load, at saturation and at a fixed rate: flame graphs of CPU time and of allocation by async-profiler
 * from Maven Central, or recordings of the JDK's own recorder where that cannot be had.
 */
public final class Profiles {
    private static final String ARTIFACT = "tools.profiler:async-profiler:4.2";
    private static final double WARMUP = 25;
    private static final double SECONDS = 10;

    private final Path home;
    private final Lab lab;
    private final Deployments deployments;
    private final Path out;

    public Profiles(Path home, Lab lab, Deployments deployments) {
        this.home = home;
        this.lab = lab;
        this.deployments = deployments;
        this.out = home.resolve("target/bench/profiles");
    }

    /** Profiles the realistic scenario, and the plain one too unless there is no time. */
    public void run(boolean quick) throws IOException, InterruptedException {
        Files.createDirectories(out);
        Path library = asyncProfiler();
        for (Workload w : quick ? List.of(Workload.REALISTIC) : List.of(Workload.REALISTIC, Workload.PLAIN)) {
            Proxy proxy = deployments.get(Side.MILEPOST, w);
            try (Load load = lab.load(proxy, w.realistic() ? Shapes.REALISTIC : Shapes.PLAIN)) {
                load.startClosed();
                Bench.pause(quick ? WARMUP / 2 : WARMUP);
                profile(proxy, library, name(w, "saturated"));
                load.stop();
                Bench.pause(1);
                load.startOpen(Plan.RATE);
                profile(proxy, library, name(w, (int) Plan.RATE + "-per-second"));
                load.stop();
            }
            proxy.truncateLog();
        }
        System.out.println("profiles are in " + out);
    }

    private static String name(Workload w, String load) {
        return (w.realistic() ? "realistic-" : "plain-") + load;
    }

    private void profile(Proxy proxy, @Nullable Path library, String name) throws IOException, InterruptedException {
        if (library == null) {
            Path file = out.resolve(name + ".jfr");
            jcmd(proxy, "JFR.start", "name=bench", "settings=profile", "filename=" + file);
            Bench.pause(SECONDS);
            jcmd(proxy, "JFR.stop", "name=bench");
            return;
        }
        for (String event : List.of("cpu,interval=500us,threads", "alloc,alloc=16k,total")) {
            Path file = out.resolve(name + "-" + event.substring(0, event.indexOf(',')) + ".html");
            jcmd(proxy, "JVMTI.agent_load", library.toString(), "\"start,event=" + event + "\"");
            Bench.pause(SECONDS);
            jcmd(proxy, "JVMTI.agent_load", library.toString(), "\"stop,flamegraph,file=" + file + "\"");
        }
    }

    private static void jcmd(Proxy proxy, String... arguments) throws IOException, InterruptedException {
        java.util.ArrayList<String> command = new java.util.ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString());
        command.add(Long.toString(proxy.pid()));
        command.addAll(List.of(arguments));
        String text = output(command);
        if (text.contains("Exception") || text.contains("Could not")) {
            throw new IOException("the profiler could not be attached:\n" + text);
        }
    }

    /** The native library, or null. */
    private @Nullable Path asyncProfiler() throws IOException, InterruptedException {
        Path folder = home.resolve("target/bench/async-profiler");
        Path library = folder.resolve("libasyncProfiler.so");
        if (Files.exists(library)) {
            return library;
        }
        Files.createDirectories(folder);
        String text;
        try {
            text = output(List.of(
                    "mvn", "-q", "-B", "dependency:copy", "-Dartifact=" + ARTIFACT, "-DoutputDirectory=" + folder));
        } catch (IOException e) {
            text = String.valueOf(e.getMessage());
        }
        Path jar = folder.resolve("async-profiler-4.2.jar");
        if (!Files.exists(jar)) {
            System.err.println("bench: " + ARTIFACT + " cannot be had, the JDK's recorder is used: " + text.strip());
            return null;
        }
        String machine = System.getProperty("os.arch", "").equals("aarch64") ? "linux-arm64" : "linux-x64";
        try (JarFile content = new JarFile(jar.toFile())) {
            var entry = content.getJarEntry(machine + "/libasyncProfiler.so");
            if (entry == null) {
                return null;
            }
            try (var in = content.getInputStream(entry)) {
                Files.copy(in, library);
            }
        }
        return library;
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return text;
    }
}
