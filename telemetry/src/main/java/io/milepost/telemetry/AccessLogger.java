package io.milepost.telemetry;

import io.milepost.mesh.TelemetrySettings;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The compiled access logs of one chain. Immutable; {@link #log} runs on event loops. */
public final class AccessLogger {
    public static final AccessLogger NONE = new AccessLogger(List.of());

    private record Log(LogSink sink, AccessLogFormat format, LogFilter filter) {}

    private final Log[] logs;

    private AccessLogger(List<Log> logs) {
        this.logs = logs.toArray(Log[]::new);
    }

    /**
     * Compiles what the settings ask for. A log whose format is not understood is left out, one whose filter is not
     * understood logs nothing; both are reported with the object that holds them.
     */
    public static AccessLogger compile(TelemetrySettings settings, AccessLogWriter writer, Consumer<String> problems) {
        List<Log> logs = new ArrayList<>();
        for (TelemetrySettings.AccessLog a : settings.accessLogs()) {
            LogFilter filter = LogFilter.compile(a.filter());
            filter.problem().ifPresent(p -> problems.accept(a.source() + ": " + p + "; nothing is logged by it"));
            try {
                logs.add(new Log(
                        writer.sink(a.path()), AccessLogFormat.compile(a.format(), a.omitEmptyValues()), filter));
            } catch (IllegalArgumentException e) {
                problems.accept(a.source() + ": " + e.getMessage());
            }
        }
        return logs.isEmpty() ? NONE : new AccessLogger(logs);
    }

    /** What of a log is not understood, before anything is written. */
    public static List<String> problems(TelemetrySettings.AccessLog log) {
        List<String> out = new ArrayList<>();
        LogFilter.compile(log.filter()).problem().ifPresent(p -> out.add(p + "; nothing is logged by it"));
        try {
            AccessLogFormat.compile(log.format(), log.omitEmptyValues());
        } catch (IllegalArgumentException e) {
            out.add(String.valueOf(e.getMessage()));
        }
        return List.copyOf(out);
    }

    public boolean isEmpty() {
        return logs.length == 0;
    }

    public void log(LogContext c) {
        for (Log l : logs) {
            if (l.filter == LogFilter.ALWAYS || l.filter.test(c)) {
                l.sink.append(l.format, c);
            }
        }
    }
}
