package io.milepost.config.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.TelemetrySettings;
import io.milepost.mesh.TelemetrySettings.AccessLog;
import io.milepost.mesh.TelemetrySettings.Format;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Access logs by Telemetry objects and mesh config. */
@SuppressWarnings("IdentityHashMapUsage") // an object is read once
final class Telemetries {
    static final String KIND = "Telemetry";
    /** Istio's default text format. */
    static final String TEXT =
            "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% "
                    + "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
                    + "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
                    + "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
                    + "\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% "
                    + "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
                    + "%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

    private static final ObjectMapper PLAIN_JSON = new ObjectMapper();
    private static final Map<String, Object> JSON = Map.ofEntries(
            Map.entry("start_time", "%START_TIME%"),
            Map.entry("route_name", "%ROUTE_NAME%"),
            Map.entry("method", "%REQ(:METHOD)%"),
            Map.entry("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
            Map.entry("protocol", "%PROTOCOL%"),
            Map.entry("response_code", "%RESPONSE_CODE%"),
            Map.entry("response_flags", "%RESPONSE_FLAGS%"),
            Map.entry("response_code_details", "%RESPONSE_CODE_DETAILS%"),
            Map.entry("connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%"),
            Map.entry("bytes_received", "%BYTES_RECEIVED%"),
            Map.entry("bytes_sent", "%BYTES_SENT%"),
            Map.entry("duration", "%DURATION%"),
            Map.entry("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
            Map.entry("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
            Map.entry("user_agent", "%REQ(USER-AGENT)%"),
            Map.entry("request_id", "%REQ(X-REQUEST-ID)%"),
            Map.entry("authority", "%REQ(:AUTHORITY)%"),
            Map.entry("upstream_host", "%UPSTREAM_HOST%"),
            Map.entry("upstream_cluster", "%UPSTREAM_CLUSTER_RAW%"),
            Map.entry("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
            Map.entry("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
            Map.entry("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
            Map.entry("requested_server_name", "%REQUESTED_SERVER_NAME%"),
            Map.entry("upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"));

    private final KubeObjects objects;
    private final Report report;
    private final MeshConfig mesh;
    private final GatewayInfo waypoint;
    /** What the objects that speak of something served here say. */
    private final Map<KubeObject, List<Entry>> entries = new IdentityHashMap<>();

    Telemetries(KubeObjects objects, Report report, MeshConfig mesh, GatewayInfo waypoint) {
        this.objects = objects;
        this.report = report;
        this.mesh = mesh;
        this.waypoint = waypoint;
    }

    /** Everything that is said at one level. */
    private record Entry(List<String> providers, boolean disabled, String filter, SourceRef source) {}

    TelemetrySettings of(ServiceInfo service) {
        List<AccessLog> logs = new ArrayList<>();
        List<String> providers = new ArrayList<>(mesh.defaultLogProviders());
        Map<String, Entry> effective = new TreeMap<>();
        providers.forEach(p -> effective.put(p, new Entry(List.of(p), false, "", mesh.source())));
        boolean spoken = false;
        for (KubeObject t : applicable(service)) {
            List<Entry> said = entries(t);
            boolean names = said.stream().anyMatch(e -> !e.providers().isEmpty());
            if (names) {
                effective.clear();
                spoken = true;
            }
            for (Entry e : said) {
                spoken = true;
                List<String> to = e.providers().isEmpty() ? List.copyOf(effective.keySet()) : e.providers();
                to.forEach(p -> effective.put(p, e));
                if (to.isEmpty() && e.disabled()) {
                    effective.clear();
                }
            }
        }
        if (!spoken && effective.isEmpty()) {
            return new TelemetrySettings(meshWide(""), true);
        }
        effective.forEach((name, e) -> {
            if (!e.disabled()) {
                provider(name, e, logs);
            }
        });
        return new TelemetrySettings(logs, true);
    }

    /** Says so when an object speaks of nothing that is served here; asked when all services were. */
    void reportUnused(KubeObject t) {
        if (!entries.containsKey(t)) {
            report.in(
                    Report.part(t),
                    () -> report.add(Finding.info(
                            t.ref(),
                            "says nothing of what this waypoint serves: move it to the namespace of the waypoint or of a "
                                    + "service behind it, with targetRefs that name one of them, if it should")));
        }
    }

    /** Forgets an object that is gone, or this version of it. */
    void remove(KubeObject t) {
        entries.remove(t);
    }

    /** Whether an object may speak of all that is served in a namespace. */
    static boolean isWide(KubeObject t) {
        JsonNode s = t.spec();
        return !s.hasNonNull("selector") && s.path("targetRefs").isEmpty() && !s.hasNonNull("targetRef");
    }

    /** Logs of tunnels that reach no chain. */
    TelemetrySettings refused() {
        return mesh.listenerLogDisabled() ? TelemetrySettings.NONE : report.in("logs ", () -> of(ServiceInfo.DIRECT));
    }

    private List<AccessLog> meshWide(String filter) {
        return mesh.accessLogFile().isEmpty()
                ? List.of()
                : List.of(new AccessLog(mesh.accessLogFile(), meshFormat(), filter, mesh.source()));
    }

    private Format meshFormat() {
        String format = mesh.accessLogFormat();
        if (mesh.accessLogJson()) {
            if (format.isEmpty()) {
                return new Format.Json(JSON);
            }
            return new Format.Json(jsonFormat(format));
        }
        return new Format.Text(line(format.isEmpty() ? TEXT : format));
    }

    /** JSON and not YAML: numbers and booleans stay what they are (recorded: log-json-format). */
    private Map<String, Object> jsonFormat(String format) {
        try {
            return json(PLAIN_JSON.readTree(format));
        } catch (JsonProcessingException e) {
            report.add(Finding.warning(
                    mesh.source(),
                    "accessLogFormat is no JSON (" + e.getOriginalMessage()
                            + "), Istio's default JSON format is used: mend it or set accessLogEncoding to TEXT"));
            return JSON;
        }
    }

    private static String line(String format) {
        return format.endsWith("\n") ? format : format + "\n";
    }

    /** A null of the format stays one. */
    @SuppressWarnings("NullAway") // maps of JSON values may hold null
    private static Map<String, Object> json(JsonNode n) {
        Map<String, Object> out = new TreeMap<>();
        n.properties().forEach(e -> out.put(e.getKey(), value(e.getValue())));
        return out;
    }

    private static @Nullable Object value(JsonNode n) {
        if (n.isObject()) {
            return json(n);
        }
        if (n.isArray()) {
            List<@Nullable Object> list = new ArrayList<>();
            n.forEach(e -> list.add(value(e)));
            return list;
        }
        if (n.isNull()) {
            return null;
        }
        if (n.isBoolean()) {
            return n.asBoolean();
        }
        if (n.isIntegralNumber()) {
            return n.asLong();
        }
        return n.isNumber() ? (Object) n.asDouble() : n.asText();
    }

    private void provider(String name, Entry e, List<AccessLog> logs) {
        Fields p = mesh.providers().get(name);
        if (p == null) {
            if (name.equals("envoy")) {
                logs.add(new AccessLog("/dev/stdout", meshFormat(), e.filter(), e.source()));
            } else {
                report.add(Finding.warning(
                        e.source(),
                        "there is no extension provider '" + name + "': add it to extensionProviders of the "
                                + "mesh config, or name 'envoy'"));
            }
            return;
        }
        if (!p.has("envoyFileAccessLog")) {
            report.add(Finding.warning(
                    e.source(), "provider '" + name + "' writes no file; only envoyFileAccessLog is supported so far"));
            return;
        }
        Fields file = p.at("envoyFileAccessLog");
        Fields format = file.at("logFormat");
        Format f;
        if (format.has("labels")) {
            f = new Format.Json(json(format.raw("labels")));
        } else if (format.has("text")) {
            String text = format.text("text", "");
            f = new Format.Text(line(text.isEmpty() ? TEXT : text));
        } else {
            f = new Format.Text(TEXT);
        }
        logs.add(new AccessLog(
                file.text("path", "/dev/stdout"), f, e.filter(), e.source(), file.bool("omitEmptyValues", false)));
    }

    private List<Entry> entries(KubeObject t) {
        List<Entry> known = entries.get(t);
        if (known == null) {
            known = report.in(Report.part(t), () -> read(t));
            entries.put(t, known);
        }
        return known;
    }

    private List<Entry> read(KubeObject t) {
        Fields spec = report.open(t).at("spec");
        List<Fields> refs = new ArrayList<>(spec.list("targetRefs"));
        spec.maybe("targetRef").ifPresent(refs::add);
        refs.forEach(r -> r.skip("kind", "name", "group", "namespace"));
        List<Entry> out = new ArrayList<>();
        for (Fields a : spec.list("accessLogging")) {
            String mode = a.at("match").text("mode", "CLIENT_AND_SERVER");
            List<String> names = new ArrayList<>();
            for (Fields p : a.list("providers")) {
                names.add(p.required("name"));
            }
            boolean disabled = a.bool("disabled", false);
            String filter = a.at("filter").text("expression", "");
            if (mode.equals("CLIENT")) {
                continue;
            }
            if (!filter.isEmpty() && names.isEmpty()) {
                // Recorded from istiod.
                a.warn("filter", "has no effect without providers in the same entry: name them");
                filter = "";
            }
            out.add(new Entry(names, disabled, filter, a.ref()));
        }
        return List.copyOf(out);
    }

    /** Root namespace, waypoint's namespace, service's namespace; targeted ones of the last namespace only. */
    private List<KubeObject> applicable(ServiceInfo service) {
        String root = mesh.settings().rootNamespace();
        List<KubeObject> out = new ArrayList<>(objects.plain(KIND, root));
        if (!waypoint.namespace().equals(root)) {
            out.addAll(objects.plain(KIND, waypoint.namespace()));
        }
        String last = waypoint.namespace();
        if (!service.isDirect() && !service.namespace().equals(waypoint.namespace())) {
            out.addAll(objects.plain(KIND, service.namespace()));
            last = service.namespace();
        }
        List<KubeObject> targeted = new ArrayList<>();
        for (KubeObject t : objects.targeting(KIND, service, waypoint, waypoint.gatewayClass())) {
            if (t.namespace().equals(last)) {
                targeted.add(t);
            }
        }
        targeted.sort(Comparator.comparing(KubeObject::name));
        out.addAll(targeted);
        return out;
    }
}
