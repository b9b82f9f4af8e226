package io.milepost.bench.peer;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.milepost.testbed.ca.TestCa;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Envoy, configured as istiod configures a waypoint. */
public final class Envoy {
    private final Path binary;
    private final TestCa ca;
    private final int concurrency;

    public Envoy(Path binary, TestCa ca, int concurrency) {
        this.binary = binary;
        this.ca = ca;
        this.concurrency = concurrency;
    }

    /** Starts one that listens on the address; JSON, because Envoy reads it faster than YAML. */
    public Proxy start(Workload workload, String address, Path folder) {
        Path config = folder.resolve("envoy.json");
        try {
            Files.createDirectories(folder);
            TestCa.Leaf identity = ca.leaf("default", "waypoint");
            new ObjectMapper()
                    .writeValue(
                            config.toFile(),
                            new EnvoyConfig(workload, address, ca.root(), identity, Proxy.accessLog(folder))
                                    .bootstrap());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the configuration into " + folder, e);
        }
        return Proxy.start(
                "envoy",
                address,
                folder,
                List.of(
                        binary.toString(),
                        "-c",
                        config.toString(),
                        "--concurrency",
                        Integer.toString(
                                concurrency > 0
                                        ? concurrency
                                        : Runtime.getRuntime().availableProcessors()),
                        "--file-flush-interval-msec",
                        "1000",
                        "--log-level",
                        "warning",
                        "--use-dynamic-base-id"),
                Map.of(),
                false);
    }
}
