package io.milepost.mesh;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What is observed of one chain. */
public record TelemetrySettings(List<AccessLog> accessLogs, boolean metrics) {
    /**
     * @param path {@code /dev/stdout}, {@code /dev/stderr} or a file
     * @param format text with command operators, or for JSON the ordered fields
     * @param filter CEL expression; empty logs everything
     * @param omitEmptyValues absent values are printed as nothing instead of {@code -}
     */
    public record AccessLog(String path, Format format, String filter, SourceRef source, boolean omitEmptyValues) {
        /** Absent values are printed as {@code -}. */
        public AccessLog(String path, Format format, String filter, SourceRef source) {
            this(path, format, filter, source, false);
        }
    }

    public sealed interface Format {
        record Text(String text) implements Format {}

        /**
         * Values are strings with operators, numbers, booleans, null, nested maps or lists; keys are printed sorted
         * (recorded from Envoy).
         */
        record Json(Map<String, Object> fields) implements Format {
            public Json {
                // Map.copyOf would refuse null, which is a value here.
                fields = Collections.unmodifiableMap(new TreeMap<>(fields));
            }
        }
    }

    public static final TelemetrySettings NONE = new TelemetrySettings(List.of(), true);

    public TelemetrySettings {
        accessLogs = List.copyOf(accessLogs);
    }
}
