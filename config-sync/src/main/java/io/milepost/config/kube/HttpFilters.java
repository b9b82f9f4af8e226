package io.milepost.config.kube;

import com.google.re2j.Pattern;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.RegexRewrite;
import io.milepost.mesh.RouteAction.Rewrite;
import io.milepost.mesh.RouteRule.Cors;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The filters of a rule or of a backend of an HTTPRoute or GRPCRoute.
 *
 * @param problem a filter that is not served
 */
record HttpFilters(
        HeaderOps request,
        HeaderOps response,
        Optional<Redirect> redirect,
        Optional<UrlRewrite> urlRewrite,
        List<MirrorRef> mirrors,
        Optional<Cors> cors,
        Optional<RouteProblem> problem) {
    static final HttpFilters NONE = new HttpFilters(
            HeaderOps.NONE,
            HeaderOps.NONE,
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            Optional.empty());

    /** Where filters stand, and so which are served. */
    enum Place {
        RULE,
        GRPC_RULE,
        BACKEND,
        /** The specification allows more than istiod. */
        STRICT_BACKEND;

        boolean serves(String type) {
            return switch (type) {
                case "RequestHeaderModifier", "ResponseHeaderModifier" -> true;
                case "RequestMirror" -> this != BACKEND;
                case "RequestRedirect", "URLRewrite" -> this == RULE || this == STRICT_BACKEND;
                case "CORS" -> this == RULE;
                default -> false;
            };
        }
    }

    /** A copy of requests, before anybody has asked whether its target exists; of none when its share is 0. */
    record MirrorRef(BackendRef target, int perMillion) {}

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final String ANY_ORIGIN = "^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$";

    /** @param port 0 when the rule names none */
    record Redirect(
            Optional<String> scheme,
            Optional<String> host,
            int port,
            Optional<String> path,
            Optional<String> prefix,
            int status) {

        /** Without scheme and port the service port is written; a scheme's default port never is. */
        RouteAction.Redirect toAction(int listenerPort) {
            String effective = scheme.orElse("http");
            int p = port != 0 ? port : scheme.isPresent() ? 0 : listenerPort;
            if (p == 80 && effective.equals("http") || p == 443 && effective.equals("https")) {
                p = 0;
            }
            return new RouteAction.Redirect(status, scheme, host, p, path, prefix, Optional.empty(), false);
        }
    }

    record UrlRewrite(Optional<String> host, Optional<String> fullPath, Optional<String> prefix) {}

    static HttpFilters of(Fields owner, Place place) {
        HeaderOps request = HeaderOps.NONE;
        HeaderOps response = HeaderOps.NONE;
        Optional<Redirect> redirect = Optional.empty();
        Optional<UrlRewrite> rewrite = Optional.empty();
        Optional<Cors> cors = Optional.empty();
        Optional<RouteProblem> problem = Optional.empty();
        List<MirrorRef> mirrors = new ArrayList<>();
        for (Fields f : owner.list("filters")) {
            String type = f.text("type", "");
            if (!place.serves(type)) {
                f.skipAll();
                problem = problem.or(() -> Optional.of(unsupported(f, type, place)));
                continue;
            }
            switch (type) {
                case "RequestHeaderModifier" ->
                    // Of several the last counts, as istiod.
                    request = HeaderOps.ofGateway(f.at("requestHeaderModifier"), true);
                case "ResponseHeaderModifier" -> response = HeaderOps.ofGateway(f.at("responseHeaderModifier"), false);
                case "RequestRedirect" -> redirect = Optional.of(redirect(f.at("requestRedirect")));
                case "URLRewrite" -> rewrite = Optional.of(rewrite(f.at("urlRewrite")));
                case "RequestMirror" -> mirrors.add(mirror(f.at("requestMirror")));
                default -> cors = Optional.of(cors(f.at("cors")));
            }
        }
        return new HttpFilters(request, response, redirect, rewrite, mirrors, cors, problem);
    }

    private static RouteProblem unsupported(Fields f, String type, Place place) {
        boolean backend = place == Place.BACKEND || place == Place.STRICT_BACKEND;
        boolean known = Place.RULE.serves(type);
        String message = type.isEmpty()
                ? "a filter without type is not understood: write its type"
                : "filter '" + type + "' is not supported"
                        + (backend && known
                                ? " on a backend: move it to the rule"
                                : place == Place.GRPC_RULE && known ? " in a GRPCRoute: remove it" : ": remove it");
        return RouteProblem.accepted("UnsupportedValue", message, f.ref().field() + ".type");
    }

    private static MirrorRef mirror(Fields f) {
        BackendRef target = BackendRef.read(f.at("backendRef"), 1, NONE);
        int perMillion = 1_000_000;
        if (f.has("fraction")) {
            Fields x = f.at("fraction");
            int denominator = Math.max(1, x.integer("denominator", 100));
            perMillion = (int) (100.0 * x.integer("numerator", 0) / denominator * 10_000);
        } else if (f.has("percent")) {
            perMillion = f.integer("percent", 100) * 10_000;
        }
        return new MirrorRef(target, Math.clamp(perMillion, 0, 1_000_000));
    }

    private static Redirect redirect(Fields f) {
        int status = f.integer("statusCode", 302);
        if (!REDIRECTS.contains(status)) {
            f.error("statusCode", status + " is no redirect: use 301, 302, 303, 307 or 308");
        }
        Optional<String> full = Optional.empty();
        Optional<String> prefix = Optional.empty();
        if (f.has("path")) {
            Fields p = f.at("path");
            if (p.text("type", "").equals("ReplaceFullPath")) {
                full = Optional.of(p.text("replaceFullPath", ""));
            } else {
                prefix = p.text("replacePrefixMatch").filter(x -> !x.isEmpty());
            }
        }
        return new Redirect(f.text("scheme"), f.text("hostname"), f.integer("port", 0), full, prefix, status);
    }

    private static UrlRewrite rewrite(Fields f) {
        Fields p = f.at("path");
        boolean full = p.text("type", "").equals("ReplaceFullPath");
        return new UrlRewrite(
                f.text("hostname"),
                full ? Optional.of(p.text("replaceFullPath", "")) : Optional.empty(),
                !full && p.exists() ? Optional.of(p.text("replacePrefixMatch", "")) : Optional.empty());
    }

    /** Joins the rule's rewrite with a changed Host; the rewrite's own host name wins. */
    Optional<Rewrite> rewrite(PathMatch match, Optional<String> hostHeader) {
        Optional<String> host = urlRewrite.flatMap(UrlRewrite::host).or(() -> hostHeader);
        Optional<String> prefix = Optional.empty();
        Optional<RegexRewrite> regex = Optional.empty();
        if (urlRewrite.isPresent()) {
            UrlRewrite u = urlRewrite.get();
            if (u.fullPath().isPresent()) {
                regex = Optional.of(new RegexRewrite("/.*", u.fullPath().get()));
            } else if (u.prefix().isPresent()) {
                String p = u.prefix().get();
                p = p.endsWith("/") ? p.substring(0, p.length() - 1) : p;
                String matched = match instanceof PathMatch.SegmentPrefix s ? s.prefix() : "";
                if (p.isEmpty()) {
                    regex = Optional.of(new RegexRewrite("^" + quote(matched) + "(/?)(.*)", "/\\2"));
                } else {
                    prefix = Optional.of(p);
                }
            }
        }
        return host.isEmpty() && prefix.isEmpty() && regex.isEmpty()
                ? Optional.empty()
                : Optional.of(new Rewrite(prefix, regex, host));
    }

    private static String quote(String s) {
        return s.chars().allMatch(c -> Character.isLetterOrDigit(c) || c == '/' || c == '-' || c == '_')
                ? s
                : Pattern.quote(s);
    }

    private static Cors cors(Fields f) {
        List<ValueMatch> origins = new ArrayList<>();
        for (String o : f.texts("allowOrigins")) {
            if (o.equals("*")) {
                origins.add(new ValueMatch.Regex(ANY_ORIGIN));
            } else if (o.indexOf('*') >= 0) {
                StringBuilder re = new StringBuilder("^");
                for (String part : o.split("\\*", -1)) {
                    re.append(re.length() > 1 ? ".*" : "").append(part.replace(".", "\\."));
                }
                origins.add(new ValueMatch.Regex(re.append('$').toString()));
            } else {
                origins.add(ValueMatch.exact(o));
            }
        }
        return new Cors(
                origins,
                f.texts("allowMethods"),
                f.texts("allowHeaders"),
                f.texts("exposeHeaders"),
                f.text("maxAge", "5"),
                f.has("allowCredentials") ? Optional.of(f.bool("allowCredentials", false)) : Optional.empty(),
                false);
    }
}
