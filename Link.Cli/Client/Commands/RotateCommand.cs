using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>rotate-encryption-key</c></summary>
internal static class RotateCommand
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    public static Command Create(CommandBuilder builder)
    {
        Command command = builder.Make(
            "rotate-encryption-key",
            "encrypt the secrets of the agent's host anew with its current key; can be repeated",
            [],
            "rotate-encryption-key",
            "rotate-encryption-key -o json");
        Option<bool> force = new("--force") { Description = "also the secrets that stand under the current key already, and without alternate keys" };
        command.Options.Add(force);
        builder.Run(command, run => RunAsync(run, run.Parsed.GetValue(force)));
        return command;
    }

    private static async Task<int> RunAsync(ClientRun run, bool force)
    {
        Task rotating = run.Agent.RotateSecretsAsync(force, run.Cancel);
        ProgressLine progress = new(run);
        await progress.ShowUntilAsync(rotating, s_pause);
        RotationSnapshot? result = null;
        string? error = null;
        try
        {
            await rotating;
            result = await run.Agent.FindRotationAsync(run.Cancel);
        }
        catch (ApiRefusedException refused) when (refused.Status == 503)
        {
            // The agent goes on with it, when there are very many secrets.
            result = await FollowAsync(run, progress);
            error = result is null ? refused.Message : null;
        }
        catch (ApiRefusedException refused) when (refused.Status == 409)
        {
            result = await run.Agent.FindRotationAsync(run.Cancel);
            error = refused.Message;
            if (result?.Error != error)
            {
                // It never began: what is shown is another one.
                throw;
            }
        }
        finally
        {
            progress.End();
        }

        error ??= result?.Error;
        if (error is null || run.IsJson)
        {
            run.Say(Text(result), json => Write(json, result, error));
        }

        return error is null ? ExitCode.Ok : throw new ApiRefusedException(409, error);
    }

    /// <returns>The end of a rotation that outlived its request; null: none is under way.</returns>
    private static async Task<RotationSnapshot?> FollowAsync(ClientRun run, ProgressLine progress)
    {
        RotationSnapshot? now = await run.Agent.FindRotationAsync(run.Cancel);
        if (now is not { Running: true })
        {
            return null;
        }

        while (now is { Running: true })
        {
            progress.Show(now);
            await Task.Delay(s_pause, run.Cancel);
            now = await run.Agent.FindRotationAsync(run.Cancel);
        }

        return now;
    }

    private static string Text(RotationSnapshot? result) => result switch
    {
        // LinK's agents do not tell how many.
        null => "secrets encrypted with the current key",
        { Total: 0 } => "this host has no secrets",
        _ => string.Create(CultureInfo.InvariantCulture, $"{result.Done} of {result.Total} secrets encrypted with the current key"),
    };

    private static void Write(Utf8JsonWriter json, RotationSnapshot? result, string? error)
    {
        json.WriteStartObject();
        json.WriteString("result", error is null ? "rotated" : "failed");
        if (result is not null)
        {
            json.WriteNumber("total", result.Total);
            json.WriteNumber("done", result.Done);
            json.WriteNumber("failed", result.Failed);
        }

        json.WriteEndObject();
    }
}
