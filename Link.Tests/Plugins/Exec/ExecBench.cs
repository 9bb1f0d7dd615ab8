using System.Text.Json;
using System.Runtime.Versioning;
using Link.Core.Plugins;
using Link.Core.Plugins.Exec;
using Xunit;

namespace Link.Tests.Plugins.Exec;

/// <summary>One endpoint of plugin exec on the real driver.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ExecBench : IDisposable
{
    public const string EndpointId = "vip-00000000-0000-4000-8000-000000000001";

    /// <param name="socketPath">Of the service that runs programs; null: this process does.</param>
    public ExecBench(ScriptFolder folder, string config, string? socketPath = null)
    {
        Plugin = new ExecPlugin(Loop.Outputs, [folder.Path], new ProgramVariables(["TOKEN", "U", "P", "KEY", "EMPTY"]), socketPath);
        using JsonDocument document = JsonDocument.Parse(config);
        Validated<PluginConfig> read = Plugin.Read(document.RootElement, stored: true);
        Assert.True(read.IsValid, string.Join('\n', read.Errors.SelectMany(error => error.Value)));
        Output = Plugin.Create(new OutputTarget(EndpointId, read.Value!.ElectionKey, "web-1"), read.Value);
    }

    public RemoteLoop Loop { get; } = new() { LockRevision = 42 };

    public ExecPlugin Plugin { get; }

    public IOutput Output { get; }

    public async Task ActivateAsync()
    {
        Output.Activate(15, 41);
        await Loop.EndedAsync();
    }

    public async Task DeactivateAsync()
    {
        Output.Deactivate();
        await Loop.EndedAsync();
    }

    /// <summary>Activates, which must fail.</summary>
    public async Task<string> FailAsync()
    {
        await ActivateAsync();
        return Assert.Single(Loop.Errors);
    }

    public void Dispose()
    {
        Loop.Dispose();
        Plugin.Dispose();
    }
}
