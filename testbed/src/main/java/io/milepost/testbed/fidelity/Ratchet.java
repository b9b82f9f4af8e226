package io.milepost.testbed.fidelity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * conformance/fidelity/ratchet.txt: what does not pass yet, one {@code case | request | missing rule} a line, {@code *} for a whole case whose outcomes are random. Cases of the second run (pods
 * speak HBONE) are listed as {@code hbone:case}. The list only shrinks: what passes must be taken off.
 */
public final class Ratchet {
    static final String ALL = "*";

    private final Map<String, String> rules = new LinkedHashMap<>();

    public static Ratchet load(Path directory) throws IOException {
        Ratchet r = new Ratchet();
        Path file = directory.resolve("ratchet.txt");
        if (!Files.exists(file)) {
            return r;
        }
        for (String line : Files.readAllLines(file)) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] parts = line.split("\\|", 3);
            if (parts.length < 3 || parts[2].isBlank()) {
                throw new IOException(file + ": \"" + line + "\" is not of the form case | request | missing rule");
            }
            r.put(parts[0].strip(), parts[1].strip(), parts[2].strip());
        }
        return r;
    }

    void put(String name, String request, String rule) {
        rules.put(Differences.key(name, request), rule);
    }

    /** The missing rule of a request that isn't expected to pass, or null. */
    public @Nullable String rule(String name, String request) {
        return rules.get(Differences.key(name, request));
    }

    /** Is the case listed whole because chance decides its outcomes? */
    public boolean whole(String name) {
        return rules.containsKey(Differences.key(name, ALL));
    }

    public Set<String> keys() {
        return rules.keySet();
    }

    /** How a case is called in the list. */
    public static String name(FidelityCase c, boolean hboneRun) {
        return hboneRun ? "hbone:" + c.name() : c.name();
    }

    void save(Path directory) throws IOException {
        StringBuilder out =
                new StringBuilder("# case | request | missing rule; a case with random outcomes is listed whole (*)."
                        + " Written by RatchetMain; only ever to get shorter.\n");
        rules.forEach((key, rule) -> out.append(key).append(" | ").append(rule).append('\n'));
        Files.writeString(directory.resolve("ratchet.txt"), out);
    }
}
