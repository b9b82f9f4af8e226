package io.milepost.config.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milepost.config.kube.LogDecisions.Decision;
import io.milepost.config.kube.LogDecisions.Entry;
import io.milepost.mesh.DefaultLogFormats;
import io.milepost.mesh.TelemetrySettings;
import io.milepost.mesh.TelemetrySettings.AccessLog;
import io.milepost.mesh.TelemetrySettings.Format;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Access logs by Telemetry objects and mesh config. */
@SuppressWarnings("IdentityHashMapUsage") // an object is read once
final class Telemetries {
    static final String KIND = "Telemetry";

    private static final String BUILT_IN = "envoy";
    private static final ObjectMapper PLAIN_JSON = new ObjectMapper();

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

    TelemetrySettings of(ServiceInfo service) {
        List<List<Entry>> levels = new ArrayList<>();
        for (KubeObject t : applicable(service)) {
            List<Entry> said = entries(t);
            if (!said.isEmpty()) {
                levels.add(said);
            }
        }
        List<AccessLog> logs = new ArrayList<>();
        boolean spoken = false;
        for (Map.Entry<String, Decision> e : LogDecisions.of(levels, mesh.defaultLogProviders(), mesh.source())
                .entrySet()) {
            spoken |= provider(e.getKey(), e.getValue(), logs);
        }
        // Where nobody names a provider that writes logs the mesh's file counts, whatever is disabled
        // (setHTTPAccessLog).
        return new TelemetrySettings(spoken ? logs : meshWide(""), true);
    }

    /** Says so when an object speaks of nothing that is served here; asked when all services were. */
    void reportUnused(KubeObject t) {
        if (entries.containsKey(t)) {
            return;
        }
        List<KubeObject> wide = objects.plain(KIND, t.namespace());
        String message = isWide(t) && !wide.isEmpty() && !wide.getFirst().key().equals(t.key())
                ? "has no effect: Telemetry " + wide.getFirst().key() + " is older and for the whole namespace, too; "
                        + "join them"
                : "says nothing of what this waypoint serves: move it to the namespace of the waypoint or of a "
                        + "service behind it, with targetRefs that name one of them, if it should";
        report.in(Report.part(t), () -> report.add(Finding.info(t.ref(), message)));
    }

    /** Forgets an object that is gone, or this version of it. */
    void remove(KubeObject t) {
        entries.remove(t);
    }

    /** Whether an object may speak of all that is served in a namespace. */
    static boolean isWide(KubeObject t) {
        JsonNode s = t.spec();
        return s.path("selector").path("matchLabels").isEmpty()
                && s.path("targetRefs").isEmpty()
                && s.path("targetRef").isEmpty();
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
                return new Format.Json(DefaultLogFormats.JSON);
            }
            return new Format.Json(jsonFormat(format));
        }
        return new Format.Text(line(format.isEmpty() ? DefaultLogFormats.TEXT : format));
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
            return DefaultLogFormats.JSON;
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

    /** Whether it is a provider that writes logs; one that is disabled is, too. */
    private boolean provider(String name, Decision e, List<AccessLog> logs) {
        Fields p = providerOf(name);
        if (p == null) {
            if (!name.equalsIgnoreCase(BUILT_IN)) {
                report.add(Finding.warning(
                        e.source(),
                        "there is no extension provider '" + name + "': add it to extensionProviders of the "
                                + "mesh config, or name 'envoy'"));
                return false;
            }
            if (!e.disabled()) {
                logs.add(new AccessLog("/dev/stdout", meshFormat(), e.filter(), e.source()));
            }
            return true;
        }
        if (!p.has("envoyFileAccessLog")) {
            report.add(Finding.warning(
                    e.source(), "provider '" + name + "' writes no file; only envoyFileAccessLog is supported so far"));
            return p.has("envoyHttpAls") || p.has("envoyTcpAls") || p.has("envoyOtelAls");
        }
        Fields file = p.at("envoyFileAccessLog");
        boolean omit = file.bool("omitEmptyValues", false);
        String path = file.text("path", "/dev/stdout");
        Format format = format(name, file, omit);
        if (!e.disabled()) {
            logs.add(new AccessLog(path, format, e.filter(), e.source(), omit));
        }
        return true;
    }

    /** Names are compared without regard to case (istiod's fetchProvider). */
    private @Nullable Fields providerOf(String name) {
        for (Map.Entry<String, Fields> p : mesh.providers().entrySet()) {
            if (p.getKey().equalsIgnoreCase(name)) {
                return p.getValue();
            }
        }
        return null;
    }

    /** A provider of the built-in one's name without a format has that of the mesh config (telemetryAccessLog). */
    private Format format(String name, Fields file, boolean omit) {
        Fields format = file.at("logFormat");
        if (format.has("labels")) {
            Map<String, Object> labels = json(format.raw("labels"));
            return new Format.Json(labels.isEmpty() ? DefaultLogFormats.JSON : labels);
        }
        if (!file.has("logFormat") && !omit && name.equals(BUILT_IN)) {
            return meshFormat();
        }
        String text = format.text("text", "");
        return new Format.Text(line(text.isEmpty() ? DefaultLogFormats.TEXT : text));
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
            if (!filter.isEmpty() && names.isEmpty()) {
                // Recorded from istiod.
                a.warn("filter", "has no effect without providers in the same entry: name them");
            }
            out.add(new Entry(names, disabled, !mode.equals("CLIENT"), filter, a.ref()));
        }
        return List.copyOf(out);
    }

    /** Root namespace, waypoint's namespace, service's namespace; targeted ones of the last namespace only. */
    private List<KubeObject> applicable(ServiceInfo service) {
        String root = mesh.settings().rootNamespace();
        List<KubeObject> out = new ArrayList<>();
        addWide(root, out);
        if (!waypoint.namespace().equals(root)) {
            addWide(waypoint.namespace(), out);
        }
        String last = waypoint.namespace();
        if (!service.isDirect() && !service.namespace().equals(waypoint.namespace())) {
            addWide(service.namespace(), out);
            last = service.namespace();
        }
        // Oldest first, then by name; the last one counts.
        for (KubeObject t : objects.targeting(KIND, service, waypoint, waypoint.gatewayClass())) {
            if (t.namespace().equals(last)) {
                out.add(t);
            }
        }
        return out;
    }

    /** Of several for a whole namespace the oldest counts alone (namespaceWideTelemetryConfig). */
    private void addWide(String namespace, List<KubeObject> out) {
        List<KubeObject> wide = objects.plain(KIND, namespace);
        if (!wide.isEmpty()) {
            out.add(wide.getFirst());
        }
    }
}
