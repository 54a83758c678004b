//! The voice itself, once.

use lectern_e2e::{Profile, media, of};

on_both_profiles!(the_voice_speaks);

async fn the_voice_speaks(profile: Profile) {
    let instance = profile.setup().env("tts", "LECTERN_ENGINE", "local").start().await;
    let client = instance.client();
    let text = "# The lamp\n\nThe lamp was lit at six, and nobody saw who had lit it. It burned until the morning.";
    let document = client.markdown(text).await;
    let narration = client.narrate(of(&document)).await;
    assert!(narration.voice.starts_with("voices/local/"), "{}", narration.voice);
    let (rate, samples) = media::wav(&client.download(&narration, "audio.wav").await);
    assert_eq!(rate, 24_000);
    // 20 words: 7 seconds at 165 words a minute, and the pauses around a heading.
    let seconds = samples.len() / rate as usize;
    assert!((5..=16).contains(&seconds), "{seconds} s");
    let loud = samples.iter().filter(|sample| sample.unsigned_abs() > 1_000).count();
    assert!(loud > samples.len() / 10, "{loud} of {} samples are loud", samples.len());
}
