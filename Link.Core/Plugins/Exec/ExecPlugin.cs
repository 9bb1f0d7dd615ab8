using System.Text.Json;

namespace Link.Core.Plugins.Exec;

/// <summary>Plugin exec: a program of this host, which is told when the endpoint is activated and when it is not.</summary>
/// <param name="directories">Below which the programs are, absolute.</param>
internal sealed class ExecPlugin(RemoteOutputs outputs, IReadOnlyList<string> directories) : IPlugin, IDisposable
{
    public const string PluginName = "exec";

    private readonly ProgramRunner _runner = new();

    public string Name => PluginName;

    public IReadOnlyList<string> SecretFields => ["environment.*"];

    /// <inheritdoc/>
    /// <remarks>The arguments, and what the program gets as variables from other fields, may be the address that it calls.</remarks>
    public IReadOnlyList<string> DestinationFields => ["command", "ip", "resource_id"];

    public Validated<PluginConfig> Read(JsonElement config, bool stored)
    {
        Validated<ExecConfig> read = ExecConfig.Read(config, stored);

        // What is stored may become right again, and is looked at before each run.
        if (stored || read.Value == null || ProgramPath.Fault(read.Value.Program, directories) is not { } fault)
            return new Validated<PluginConfig>(read.Value, read.Errors);
        var errors = new FieldErrors();
        errors.Add("command", fault);
        return new Validated<PluginConfig>(null, errors.ToDictionary());
    }

    public string? FindElectionKey(JsonElement config) => ExecConfig.FindElectionKey(config);

    public IOutput Create(OutputTarget endpoint, PluginConfig config) =>
        outputs.Add(Name, endpoint, new ExecOutput(_runner, endpoint, (ExecConfig)config, directories));

    /// <summary>Ends the programs that run.</summary>
    public void Dispose() => _runner.Dispose();
}
