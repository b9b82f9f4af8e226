package io.milepost.waypoint;

import io.milepost.config.analyze.Analysis;
import io.milepost.config.analyze.AnalysisText;
import io.milepost.config.analyze.Analyzer;
import io.milepost.config.kube.GatewayApiMode;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.telemetry.AccessLogger;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./milepost analyze DIR}. */
@Command(
        name = "analyze",
        mixinStandardHelpOptions = true,
        description = "Says what a waypoint makes of a directory of YAML. Exit code: 0 fine, 1 errors, 2 wrong usage.")
public final class AnalyzeMain implements Callable<Integer> {
    /** Forms of the answer. */
    enum Output {
        text,
        json
    }

    @Parameters(paramLabel = "DIR", description = "Directory or file of Kubernetes, Gateway API and Istio YAML.")
    private @Nullable Path directory;

    @Option(names = "--output", defaultValue = "text", description = "text or json (default: ${DEFAULT-VALUE}).")
    private Output output = Output.text;

    @Option(names = "--gateway", paramLabel = "NS/NAME", description = "Look from this waypoint only.")
    private @Nullable String gateway;

    @Option(
            names = "--gateway-api-mode",
            defaultValue = "istio",
            description = "istio, or strict for the Gateway API's specification (default: ${DEFAULT-VALUE}).")
    private String mode = "istio";

    @Spec
    private @Nullable CommandSpec spec;

    public static void main(String[] args) {
        System.exit(new CommandLine(new AnalyzeMain()).execute(args));
    }

    @Override
    public Integer call() {
        if (directory == null || spec == null) {
            throw new IllegalStateException("picocli fills the fields before it calls");
        }
        Optional<GatewayRef> from;
        GatewayApiMode parsed;
        try {
            from = Optional.ofNullable(gateway).map(GatewayRef::parse);
            parsed = GatewayApiMode.parse(mode);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        SnapshotBuilder builder = new SnapshotBuilder(new AuthorizationTranslator(), parsed);
        Analysis a = new Analyzer(builder, AccessLogger::problems)
                .analyze(ObjectFiles.read(directory).parse(), from);
        PrintWriter out = spec.commandLine().getOut();
        out.print(output == Output.json ? AnalysisText.json(a) : AnalysisText.text(a));
        out.flush();
        return a.hasErrors() ? 1 : 0;
    }
}
