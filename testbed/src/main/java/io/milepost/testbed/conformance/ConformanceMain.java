package io.milepost.testbed.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** {@code ConformanceMain DIRECTORY [TEST...]} prints what differs (DIRECTORY is conformance/gateway-api). */
public final class ConformanceMain {
    private ConformanceMain() {}

    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            System.err.println("usage: ConformanceMain DIRECTORY [TEST...]   (DIRECTORY is conformance/gateway-api)");
            System.exit(2);
        }
        Path tables = Path.of(args[0]);
        Set<String> only = Set.copyOf(List.of(args).subList(1, args.length));
        int passed = 0;
        int total = 0;
        try (ConformanceMesh mesh =
                new ConformanceMesh(Files.createTempDirectory("conformance"), tables.resolve("inventory.yaml"))) {
            for (String file : List.of("mesh-http.yaml", "mesh-grpc.yaml", "httproute.yaml")) {
                for (ConformanceTable.Test test : ConformanceTable.load(tables.resolve(file))) {
                    if (!only.isEmpty() && !only.contains(test.name())) {
                        continue;
                    }
                    mesh.apply(test);
                    for (JsonNode request : test.requests()) {
                        List<String> problems = ConformancePlayer.play(mesh, request);
                        total++;
                        if (problems.isEmpty()) {
                            passed++;
                        } else {
                            System.out.println(test.name() + " | " + new ConformanceRequest(request).name() + " | "
                                    + String.join("; ", problems));
                        }
                    }
                }
            }
        }
        System.out.println(passed + "/" + total + " requests as wanted");
        System.exit(0);
    }
}
