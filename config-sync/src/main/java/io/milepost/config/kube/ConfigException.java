package io.milepost.config.kube;

import java.util.List;
import java.util.stream.Collectors;

/** Configuration that cannot be accepted; the message names every object, field and mend. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient List<Finding> findings;

    public ConfigException(List<Finding> findings) {
        super(findings.stream()
                .map(f -> f.source() + ": " + f.message())
                .collect(Collectors.joining("\n  ", "the configuration is not accepted:\n  ", "")));
        this.findings = List.copyOf(findings);
    }

    public List<Finding> findings() {
        return findings;
    }
}
