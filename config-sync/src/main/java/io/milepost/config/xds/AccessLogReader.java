package io.milepost.config.xds;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.accesslog.v3.AccessLog;
import io.envoyproxy.envoy.config.accesslog.v3.AccessLogFilter;
import io.envoyproxy.envoy.extensions.access_loggers.file.v3.FileAccessLog;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.TelemetrySettings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** File access logs, as text or JSON. */
final class AccessLogReader {
    private final String where;
    private final Findings findings;

    AccessLogReader(String where, Findings findings) {
        this.where = where;
        this.findings = findings;
    }

    TelemetrySettings read(List<AccessLog> logs) {
        List<TelemetrySettings.AccessLog> out = new ArrayList<>();
        for (AccessLog log : logs) {
            Optional<FileAccessLog> file = XdsTypes.unpack(log.getTypedConfig(), FileAccessLog.class);
            if (file.isEmpty()) {
                findings.add(where, "the access log " + log.getName() + " is not a file and is not written");
                continue;
            }
            out.add(new TelemetrySettings.AccessLog(
                    file.get().getPath(),
                    format(file.get()),
                    filter(log),
                    SourceRef.DEFAULT,
                    file.get().getLogFormat().getOmitEmptyValues()));
        }
        return out.isEmpty() ? TelemetrySettings.NONE : new TelemetrySettings(out, true);
    }

    @SuppressWarnings("deprecation") // the first generation of formats is still valid
    private TelemetrySettings.Format format(FileAccessLog f) {
        if (f.hasLogFormat() && f.getLogFormat().hasJsonFormat()) {
            return new TelemetrySettings.Format.Json(map(f.getLogFormat().getJsonFormat()));
        }
        if (f.hasLogFormat() && f.getLogFormat().hasTextFormatSource()) {
            return text(f.getLogFormat().getTextFormatSource().getInlineString());
        }
        if (f.hasLogFormat() && f.getLogFormat().hasTextFormat()) {
            return text(f.getLogFormat().getTextFormat());
        }
        if (f.hasJsonFormat()) {
            return new TelemetrySettings.Format.Json(map(f.getJsonFormat()));
        }
        if (!f.getFormat().isEmpty()) {
            return text(f.getFormat());
        }
        findings.add(where, "an access log without a format is written with method, path and status only");
        return text("[%START_TIME%] \"%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS%\n");
    }

    private static TelemetrySettings.Format text(String format) {
        return new TelemetrySettings.Format.Text(format);
    }

    private String filter(AccessLog log) {
        if (!log.hasFilter()) {
            return "";
        }
        AccessLogFilter f = log.getFilter();
        Optional<ExpressionFilter> cel =
                XdsTypes.unpack(f.getExtensionFilter().getTypedConfig(), ExpressionFilter.class);
        boolean refused = f.hasResponseFlagFilter()
                && f.getResponseFlagFilter().getFlagsList().equals(List.of("NR"));
        if (cel.isEmpty() && !refused) {
            findings.add(where, "the filter of an access log is not understood: everything is logged");
        }
        return cel.map(ExpressionFilter::getExpression).orElse("");
    }

    @SuppressWarnings("NullAway") // maps of JSON values may hold null
    private static Map<String, Object> map(Struct s) {
        Map<String, Object> out = new LinkedHashMap<>();
        s.getFieldsMap().forEach((k, v) -> out.put(k, value(v)));
        return out;
    }

    private static @Nullable Object value(Value v) {
        return switch (v.getKindCase()) {
            case STRING_VALUE -> v.getStringValue();
            case BOOL_VALUE -> v.getBoolValue();
            case NUMBER_VALUE -> number(v.getNumberValue());
            case STRUCT_VALUE -> map(v.getStructValue());
            case LIST_VALUE -> list(v.getListValue());
            default -> null;
        };
    }

    private static Object number(double d) {
        return d == Math.rint(d) && Math.abs(d) < 1e15 ? (Object) (long) d : (Object) d;
    }

    private static List<@Nullable Object> list(ListValue l) {
        List<@Nullable Object> out = new ArrayList<>();
        l.getValuesList().forEach(v -> out.add(value(v)));
        return out;
    }
}
