package io.milepost.mesh;

import java.util.List;

/** What is observed of one chain. */
public record TelemetrySettings(List<AccessLog> accessLogs, boolean metrics) {
    /**
     * @param path {@code /dev/stdout}, {@code /dev/stderr} or a file
     * @param format text with command operators, or for JSON the ordered fields
     * @param filter CEL expression; empty logs everything
     */
    public record AccessLog(String path, Format format, String filter, SourceRef source) {}

    public sealed interface Format {
        record Text(String text) implements Format {}

        /** Values are strings with operators, nested maps or lists; keys are printed sorted (recorded from Envoy). */
        record Json(java.util.Map<String, Object> fields) implements Format {
            public Json {
                fields = java.util.Map.copyOf(fields);
            }
        }
    }

    public static final TelemetrySettings NONE = new TelemetrySettings(List.of(), true);

    public TelemetrySettings {
        accessLogs = List.copyOf(accessLogs);
    }
}
