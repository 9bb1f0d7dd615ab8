using System.Globalization;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>How far a rotation is, in one line of a terminal that is written over again and again.</summary>
internal sealed class ProgressLine(ClientRun run)
{
    private readonly bool _isShown = run.Console.IsTerminal && !run.IsJson;
    private int _width;

    /// <summary>Asks for the progress until the work ends, however it ends. What cannot be asked is not shown.</summary>
    public async Task ShowUntilAsync(Task work, TimeSpan pause)
    {
        bool asks = _isShown;
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, asks ? Task.Delay(pause, run.Cancel) : work);
            if (!work.IsCompleted && asks)
            {
                asks = await TryShowAsync();
            }
        }
    }

    public void Show(RotationSnapshot rotation)
    {
        if (!_isShown)
        {
            return;
        }

        string line = string.Create(CultureInfo.InvariantCulture, $"{rotation.Done} of {rotation.Total} secrets");
        run.Console.Error.Write($"\r{line.PadRight(_width)}");
        _width = line.Length;
    }

    /// <summary>Takes the line away.</summary>
    public void End()
    {
        if (_width > 0)
        {
            run.Console.Error.Write($"\r{new string(' ', _width)}\r");
            _width = 0;
        }
    }

    private async Task<bool> TryShowAsync()
    {
        try
        {
            if (await run.Agent.FindRotationAsync(run.Cancel) is not { } rotation)
            {
                return false;
            }

            Show(rotation);
            return true;
        }
        catch (Exception fault) when (fault is ApiRefusedException or ApiUnreachableException)
        {
            return false;
        }
    }
}
