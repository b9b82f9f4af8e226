package io.milepost.bench.peer;

import io.milepost.testbed.ca.TestCa;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Milepost as users start it: {@code ./milepost waypoint} of the built distribution. */
public final class Milepost {
    private final Path home;
    private final TestCa ca;
    private final int concurrency;
    private final String javaOptions;
    private final Map<String, String> environment;

    /**
     * Says which one.
     *
     * @param home where the script is
     * @param javaOptions further JVM options, for experiments and profilers
     */
    public Milepost(Path home, TestCa ca, int concurrency, String javaOptions) {
        this(home, ca, concurrency, javaOptions, Map.of());
    }

    /** With further variables of the environment. */
    public Milepost(Path home, TestCa ca, int concurrency, String javaOptions, Map<String, String> environment) {
        this.environment = environment;
        this.home = home;
        this.ca = ca;
        this.concurrency = concurrency;
        this.javaOptions = javaOptions;
    }

    /** Starts one that listens on the address. */
    public Proxy start(Workload workload, String address, Path folder) {
        writeConfig(workload, address, folder.resolve("config"));
        TestCa.Leaf identity = ca.leaf("default", "waypoint");
        List<String> command = new ArrayList<>(List.of(
                home.resolve("milepost").toString(),
                "waypoint",
                "--config",
                folder.resolve("config").toString(),
                "--gateway",
                "default/waypoint",
                "--ip",
                address,
                "--root-cert",
                ca.root().toString(),
                "--cert",
                identity.cert().toString(),
                "--key",
                identity.key().toString()));
        // As Envoy's is set under istiod.
        command.addAll(List.of("--access-log-flush", "1000"));
        if (concurrency > 0) {
            command.addAll(List.of("--concurrency", Integer.toString(concurrency)));
        }
        Map<String, String> variables = new HashMap<>(environment);
        variables.put("MILEPOST_SKIP_BUILD", "1");
        variables.put("MILEPOST_JAVA_OPTS", javaOptions);
        return Proxy.start("milepost", address, folder, command, variables, true);
    }

    /** Writes the YAML of a workload into a directory. */
    public static void writeConfig(Workload workload, String address, Path directory) {
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve("mesh.yaml"), MilepostConfig.yaml(workload, address));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the configuration into " + directory, e);
        }
    }
}
