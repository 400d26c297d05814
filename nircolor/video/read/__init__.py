"""Where frames come from: video files, folders and files of pictures; day told from night."""
