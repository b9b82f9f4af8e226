package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.mesh.Cluster.TcpKeepalive;
import io.milepost.mesh.HttpSettings;
import io.milepost.mesh.HttpSettings.PathNormalization;
import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.OwnHeaders;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.SourceRef;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The mesh config: the text {@code mesh} of ConfigMap {@code istio} in {@code istio-system}. */
record MeshConfig(
        MeshSettings settings,
        HttpSettings http,
        String accessLogFile,
        String accessLogFormat,
        boolean accessLogJson,
        RetryPolicy defaultRetry,
        long connectTimeoutMillis,
        Map<String, Fields> providers,
        List<String> defaultLogProviders,
        boolean listenerLogDisabled,
        Exports exports,
        boolean http2Upgrade,
        Optional<TcpKeepalive> tcpKeepalive,
        Fields locality,
        long dnsRefreshMillis,
        SourceRef source) {

    /** Where objects without exportTo are visible; empty lists are everywhere. */
    record Exports(List<String> service, List<String> virtualService, List<String> destinationRule) {}

    static final String ROOT_NAMESPACE = "istio-system";

    MeshConfig {
        providers = Map.copyOf(providers);
        defaultLogProviders = List.copyOf(defaultLogProviders);
    }

    static MeshConfig of(KubeObjects objects, Report report) {
        Optional<KubeObject> map = objects.find("ConfigMap", ROOT_NAMESPACE, "istio");
        String text =
                map.map(m -> m.root().path("data").path("mesh").asText("")).orElse("");
        SourceRef source = map.map(m -> m.ref("data.mesh")).orElse(SourceRef.DEFAULT);
        KubeObject o = wrap(text, source, report);
        Fields mesh = report.open(o).at("spec");
        MeshSettings d = MeshSettings.DEFAULT;
        MeshSettings settings = new MeshSettings(
                mesh.text("trustDomain", d.trustDomain()),
                mesh.texts("trustDomainAliases"),
                mesh.text("rootNamespace", d.rootNamespace()),
                mesh.at("defaultConfig").millis("terminationDrainDuration", d.drainMillis()),
                d.protocolDetectionMillis());
        Map<String, Fields> providers = new TreeMap<>();
        for (Fields p : mesh.list("extensionProviders")) {
            providers.put(p.required("name"), p);
        }
        RetryPolicy retry = mesh.has("defaultHttpRetryPolicy")
                ? Retries.ofVirtualService(mesh.at("defaultHttpRetryPolicy"))
                : RetryPolicy.ISTIO_DEFAULT;
        return new MeshConfig(
                settings,
                http(mesh),
                mesh.text("accessLogFile", ""),
                mesh.text("accessLogFormat", ""),
                mesh.text("accessLogEncoding", "TEXT").equals("JSON"),
                retry,
                mesh.millis("connectTimeout", 10_000),
                providers,
                mesh.at("defaultProviders").texts("accessLogging"),
                mesh.bool("disableEnvoyListenerLog", false),
                new Exports(
                        mesh.texts("defaultServiceExportTo"),
                        mesh.texts("defaultVirtualServiceExportTo"),
                        mesh.texts("defaultDestinationRuleExportTo")),
                mesh.text("h2UpgradePolicy", "DO_NOT_UPGRADE").equals("UPGRADE"),
                mesh.maybe("tcpKeepalive").map(ConnectionPool::keepalive),
                mesh.at("localityLbSetting"),
                mesh.millis("dnsRefreshRate", 60_000),
                source);
    }

    private static KubeObject wrap(String text, SourceRef source, Report report) {
        JsonNode spec = YamlReader.tree(text, source, report);
        return new KubeObject(
                "v1", "ConfigMap", ROOT_NAMESPACE, "istio", "", "", Map.of(), Map.of(), YamlReader.under(spec), "");
    }

    /** How HTTP is treated on a port. */
    HttpSettings http(boolean grpcWeb) {
        return new HttpSettings(http.normalization(), http.serverName(), grpcWeb, http.headers());
    }

    private static HttpSettings http(Fields mesh) {
        Fields own = mesh.at("defaultConfig").at("proxyHeaders");
        Fields server = own.at("server");
        boolean disabled = server.bool("disabled", false);
        for (String without : List.of(
                "attemptCount",
                "forwardedClientCert",
                "setCurrentClientCertDetails",
                "metadataExchangeHeaders",
                "xForwardedPort")) {
            if (own.has(without)) {
                own.info(without, "has no effect at a waypoint, which writes no such header");
                own.skip(without);
            }
        }
        if (own.has("preserveHttp1HeaderCase")) {
            own.warn(
                    "preserveHttp1HeaderCase",
                    "names of headers leave in lower case, which HTTP allows: remove it, or mend applications that "
                            + "look at letter case");
            own.skip("preserveHttp1HeaderCase");
        }
        return new HttpSettings(
                normalization(mesh.at("pathNormalization")),
                server.text("value", HttpSettings.ISTIO_DEFAULT.serverName()),
                false,
                new OwnHeaders(
                        !disabled,
                        !own.at("requestId").bool("disabled", false),
                        !own.at("envoyDebugHeaders").bool("disabled", false),
                        own.at("xForwardedHost").bool("enabled", false)));
    }

    private static PathNormalization normalization(Fields f) {
        String n = f.text("normalization", "DEFAULT").toUpperCase(Locale.ROOT);
        return switch (n) {
            case "DEFAULT", "BASE" -> PathNormalization.BASE;
            case "NONE" -> PathNormalization.NONE;
            case "MERGE_SLASHES" -> PathNormalization.MERGE_SLASHES;
            case "DECODE_AND_MERGE_SLASHES" -> PathNormalization.DECODE_AND_MERGE_SLASHES;
            default -> {
                // Policies match paths: an unknown level must not weaken them silently.
                f.error(
                        "normalization",
                        "'" + n + "' is unknown: use DEFAULT, NONE, BASE, MERGE_SLASHES or "
                                + "DECODE_AND_MERGE_SLASHES");
                yield PathNormalization.BASE;
            }
        };
    }
}
