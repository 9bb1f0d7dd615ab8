using System.Text.Json;

namespace Link.Core.Plugins.Exec;

/// <summary>Plugin exec: a program of this host, which is told when the endpoint is activated and when it is not.</summary>
/// <param name="directories">Below which the programs are, absolute.</param>
/// <param name="variables">Which variables configurations may set.</param>
/// <param name="socketPath">Of the service that runs them; null: the agent does itself.</param>
internal sealed class ExecPlugin(RemoteOutputs outputs, IReadOnlyList<string> directories, ProgramVariables variables, string? socketPath = null) : IPlugin, IDisposable
{
    public const string PluginName = "exec";

    private readonly IProgramRunner _runner = socketPath == null ? new ProgramRunner() : new ServiceProgramRunner(socketPath);

    public string Name => PluginName;

    public IReadOnlyList<string> SecretFields => ["environment.*"];

    /// <inheritdoc/>
    /// <remarks>The arguments, and what the program gets as variables from other fields, may be the address that it calls.</remarks>
    public IReadOnlyList<string> DestinationFields => ["command", "ip", "resource_id"];

    public Validated<PluginConfig> Read(JsonElement config, bool stored)
    {
        Validated<ExecConfig> read = ExecConfig.Read(config, stored, variables);

        // What is stored may become right again, and is looked at before each run.
        if (stored || read.Value == null || PathFault(read.Value.Program) is not { } fault)
            return new Validated<PluginConfig>(read.Value, read.Errors);
        var errors = new FieldErrors();
        errors.Add("command", fault);
        return new Validated<PluginConfig>(null, errors.ToDictionary());
    }

    public string? FindElectionKey(JsonElement config) => ExecConfig.FindElectionKey(config);

    public IOutput Create(OutputTarget endpoint, PluginConfig config) =>
        outputs.Add(Name, endpoint, new ExecOutput(_runner, endpoint, (ExecConfig)config, PathFault));

    /// <summary>Ends the programs that run.</summary>
    public void Dispose() => _runner.Dispose();

    /// <summary>The service's user may reach what the agent's may not; the service looks itself, too.</summary>
    private string? PathFault(string program) => ProgramPath.Fault(program, directories, isForThisUser: socketPath == null);
}
